"""The same clip, weights and machine through MaskStream and through its peers.

    python benchmarks/peers/compare.py [CLIP] [--rounds 3] [--json FILE]

Each is a process of its own, and all take turns, round after round: the ratio of two is
that of a round, within minutes. A peer that has packages of its own gets an environment
for them, made at the first run. Loading is not counted, by nobody; only MaskStream's
figure has the compiling of its network in it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from maskstream.bench.clips import clip_source, copy_pictures
from maskstream.bench.costs import Spread
from maskstream.bench.machine import Machine
from maskstream.bench.processes import run_process
from maskstream.bench.table import spread_text
from maskstream.pipeline.errors import MaskStreamError

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers.environment import python_with

_HERE = Path(__file__).parent
_MODEL = "fcn8s-lite0"
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
    "maskstream run": maskstream(),
    "maskstream run, torch in fp32": maskstream(
        "--engine", "torch", "--precision", "fp32"
    ),
    "plain loop of OpenCV and torch": peer("plain_loop"),
    "supervision, process_video": peer("supervision_video"),
    "Ultralytics, yolo11n-seg": peer("ultralytics_predict"),
    "decode and encode alone": peer("floor"),
}


def compare(clip: str, rounds: int, max_frames: int) -> dict[str, list[Speed]]:
    """Run all in turns; the rounds of each, by its name."""
    speeds: dict[str, list[Speed]] = {name: [] for name in PROGRAMS}
    for name, packages in _PACKAGES.items():
        python_with(name, packages)  # before anything is timed
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = copy_pictures(clip_source(clip), folder, limit=max_frames)
        names = list(PROGRAMS)
        for number in range(rounds):
            # Not always in one order: what comes first may find the machine cooler.
            for title in names[number:] + names[:number]:
                print(f"round {number + 1} of {rounds}: {title}", file=sys.stderr)
                speeds[title].append(PROGRAMS[title](copy, folder / "out.mp4"))
    return speeds


def to_json(
    machine: Machine, speeds: Mapping[str, Sequence[Speed]]
) -> dict[str, object]:
    """Sum up, with the ratio of MaskStream's speed to each, round by round."""
    ours = next(iter(speeds.values()))
    return {
        "machine": machine.to_json(),
        "programs": [
            {
                "program": name,
                "fps": Spread.of(one.fps for one in rounds).to_json(),
                "core_ms": Spread.of(one.core_ms for one in rounds).to_json(),
                "peak_mb": statistics.median(one.peak_mb for one in rounds),
                "ratio": _ratio(ours, rounds).to_json(),
                "rounds": [asdict(one) for one in rounds],
            }
            for name, rounds in speeds.items()
        ],
    }


def _ratio(ours: Sequence[Speed], theirs: Sequence[Speed]) -> Spread:
    return Spread.of(a.fps / b.fps for a, b in zip(ours, theirs, strict=True))


def print_table(machine: Machine, speeds: Mapping[str, Sequence[Speed]]) -> None:
    """Print one row a program."""
    console = Console(highlight=False)
    console.width = max(console.width, 110)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(f"load {machine.load_before:g} before, {machine.cores} cores")
    for column in ("frames a second", "core-ms a frame", "peak MB", "maskstream / it"):
        table.add_column(column, justify="right")
    ours = next(iter(speeds.values()))
    for name, rounds in speeds.items():
        table.add_row(
            name,
            spread_text(Spread.of(one.fps for one in rounds), 1),
            spread_text(Spread.of(one.core_ms for one in rounds), 1),
            f"{statistics.median(one.peak_mb for one in rounds):.0f}",
            spread_text(_ratio(ours, rounds)),
        )
    console.print(table)


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=250, help="of the clip, at most")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    machine = Machine.look()
    try:
        speeds = compare(given.clip, given.rounds, given.frames)
    except MaskStreamError as error:
        parser.error(str(error))
    print_table(machine, speeds)
    if given.json:
        given.json.write_text(json.dumps(to_json(machine, speeds), indent=2) + "\n")


if __name__ == "__main__":
    main()
