"""The same clip, weights and machine through MaskStream and through its peers.

    python benchmarks/peers/compare.py [CLIP] [--rounds 3] [--only PEER] [--json FILE]

Each is a process of its own, and all take turns, round after round: the ratio of two is
that of a round, within minutes. A peer that has packages of its own gets an environment
for them, made at the first run. Loading is not counted, by nobody. One that fails is
named and left out. FILE keeps what it holds of others.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from maskstream.bench.clips import clip_source, copy_pictures
from maskstream.bench.costs import Spread
from maskstream.bench.machine import Machine
from maskstream.bench.processes import run_process
from maskstream.bench.table import spread_text
from maskstream.pipeline.errors import ConfigError, MaskStreamError

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers.environment import python_with

_HERE = Path(__file__).parent
_MODEL = "fcn8s-lite0"
_OURS = "maskstream run"
_PACKAGES = {
    "supervision_video": ["supervision==0.31.2"],
    "ultralytics_predict": ["ultralytics==8.4.190"],
}


@dataclass(frozen=True)
class Speed:
    """What one program did with the clip."""

    frames: int
    fps: float
    core_ms: float
    """CPU time, in all threads, for one frame."""
    peak_mb: float


Program = Callable[[Path, Path], Speed]
"""From a clip to a video."""


def maskstream(*options: str) -> Program:
    """Run the program itself."""

    def run(clip: Path, output: Path) -> Speed:
        summary = output.with_suffix(".json")
        done = run_process(
            [
                *(sys.executable, "-m", "maskstream", "run", str(clip), "--overwrite"),
                *("-o", str(output), "--summary", str(summary), "--model", _MODEL),
                *options,
            ]
        )
        told = json.loads(summary.read_text())
        frames = sum(stream["written"] for stream in told["streams"].values())
        core_ms = told["cpu_seconds"] / frames * 1e3
        return Speed(frames, told["fps"], core_ms, done.peak_mb)

    return run


def peer(name: str) -> Program:
    """Run the script of a peer, in its environment."""

    def run(clip: Path, output: Path) -> Speed:
        python = python_with(name, _PACKAGES.get(name, ()))
        script = str(_HERE / f"{name}.py")
        done = run_process([str(python), script, str(clip), str(output), _MODEL])
        told = json.loads(done.printed.strip().splitlines()[-1])
        return Speed(
            told["frames"],
            told["frames"] / told["wall_s"],
            told["cpu_s"] / told["frames"] * 1e3,
            done.peak_mb,
        )

    return run


PROGRAMS: Mapping[str, Program] = {
    _OURS: maskstream(),
    "torch": maskstream("--engine", "torch", "--precision", "fp32"),
    "plain_loop": peer("plain_loop"),
    "supervision_video": peer("supervision_video"),
    "ultralytics_predict": peer("ultralytics_predict"),
    "floor": peer("floor"),
}
TITLES = {
    "torch": "maskstream run, torch in fp32",
    "plain_loop": "plain loop of OpenCV and torch",
    "supervision_video": "supervision, process_video",
    "ultralytics_predict": "Ultralytics, yolo11n-seg",
    "floor": "decode and encode alone",
}


def compare(
    clip: str, names: Sequence[str], rounds: int, max_frames: int
) -> dict[str, list[Speed]]:
    """Run MaskStream and ``names`` in turns; the rounds of each that never failed.

    Raises:
        MaskStreamError: The clip cannot be had, or MaskStream itself failed.
    """
    speeds: dict[str, list[Speed]] = {_OURS: []}
    for name in names:
        try:
            python_with(name, _PACKAGES.get(name, ()))  # before anything is timed
            speeds[name] = []
        except ConfigError as error:
            _say(f"{name} is left out: {error}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        copy = copy_pictures(clip_source(clip), folder, limit=max_frames)
        for number in range(rounds):
            # Not always in one order: what comes first may find the machine cooler.
            first = number % len(speeds)
            order = list(speeds)
            for name in order[first:] + order[:first]:
                _say(f"round {number + 1} of {rounds}: {name}")
                try:
                    speeds[name].append(PROGRAMS[name](copy, folder / "out.mp4"))
                except MaskStreamError as error:
                    if name == _OURS:
                        raise
                    _say(f"{name} is left out: {error}")
                    del speeds[name]
    return speeds


def to_json(
    machine: Machine, speeds: Mapping[str, Sequence[Speed]]
) -> dict[str, dict[str, Any]]:
    """Sum up each, with the ratio of MaskStream's speed to it, round by round."""
    ours = speeds[_OURS]
    return {
        TITLES.get(name, name): {
            "fps": Spread.of(one.fps for one in rounds).to_json(),
            "core_ms": Spread.of(one.core_ms for one in rounds).to_json(),
            "peak_mb": Spread.of(one.peak_mb for one in rounds).to_json(),
            "ratio": Spread.of(
                our.fps / one.fps for our, one in zip(ours, rounds, strict=True)
            ).to_json(),
            "frames": rounds[0].frames,
            "machine": machine.to_json(),
        }
        for name, rounds in speeds.items()
    }


def print_table(machine: Machine, figures: Mapping[str, Mapping[str, Any]]) -> None:
    """Print one row a program."""
    console = Console(highlight=False)
    console.width = max(console.width, 110)
    console.print(str(machine))
    columns = ("frames a second", "core-ms a frame", "peak MB", "maskstream / it")
    table = Table("", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right")
    for title, one in figures.items():
        table.add_row(
            title,
            spread_text(Spread(**one["fps"]), 1),
            spread_text(Spread(**one["core_ms"]), 1),
            f"{one['peak_mb']['median']:.0f}",
            spread_text(Spread(**one["ratio"])),
        )
    console.print(table)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> int:
    """Compare, print a table, and fail if somebody did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=120, help="of the clip, at most")
    parser.add_argument("--only", choices=TITLES, action="append", help="not all of it")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    names = given.only or list(TITLES)
    machine = Machine.look()
    try:
        speeds = compare(given.clip, names, given.rounds, given.frames)
    except MaskStreamError as error:
        parser.error(str(error))
    machine = machine.afterwards()
    figures = to_json(machine, speeds)
    print_table(machine, figures)
    if given.json:
        kept = json.loads(given.json.read_text()) if given.json.is_file() else {}
        given.json.write_text(json.dumps({**kept, **figures}, indent=2) + "\n")
    return int(len(speeds) <= len(names))


if __name__ == "__main__":
    sys.exit(main())
