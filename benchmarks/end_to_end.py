"""MaskStream on a clip, beside a plain loop with the same weights and its own parts.

Everything runs on this machine, one after another, each as a process of its own:

    ./dev bench                       the street clip of the package
    ./dev bench CLIP --times 10       a clip of yours, and one ten times as long

The plain loop is what people write first: cv2.VideoCapture, torch, palette look-up,
addWeighted, cv2.VideoWriter. The parts are measured alone, in milliseconds of CPU a
frame (core-ms). All take turns for a few rounds and each figure is the median, since a
machine's own speed changes by the minute. Run it when nothing else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import av
from rich.console import Console
from rich.table import Table

from maskstream.stages.source import expand_inputs

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Usage:
    """What one process took, by the system's own account."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    printed: str


def run(command: list[str]) -> Usage:
    """Run ``command`` to its end; raise if it fails."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as reader:
        before = os.times().elapsed
        process = subprocess.Popen(command, stdout=write_end)
        os.close(write_end)
        printed = reader.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return Usage(
        wall_s=os.times().elapsed - before,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        printed=printed,
    )


def repeat(clip: Path, times: int, path: Path) -> None:
    """Copy the packets of ``clip`` so often that it is ``times`` as long."""
    with av.open(str(path), "w") as output:
        track = None
        shift = 0
        for _ in range(times):
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                track = track or output.add_stream_from_template(video)
                end = shift
                for packet in source.demux(video):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts += shift
                    packet.dts += shift
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.stream = track
                    output.mux(packet)
                shift = end


@dataclass(frozen=True)
class Speed:
    """What a whole program did with a clip."""

    frames: int
    fps: float
    core_ms: float
    """CPU time, in all threads, for one frame."""
    peak_mb: float
    startup_s: float
    """Before the first frame: imports, weights, compiling."""


def maskstream(clip: Path, folder: Path) -> Speed:
    """Run the program on ``clip`` with its defaults."""
    summary_path = folder / "summary.json"
    usage = run(
        [
            *(sys.executable, "-m", "maskstream", "run", str(clip)),
            *("--output", str(folder / "out.mp4"), "--summary", str(summary_path)),
            "--overwrite",
        ]
    )
    summary = json.loads(summary_path.read_text())
    frames = sum(stream["written"] for stream in summary["streams"].values())
    return Speed(
        frames=frames,
        fps=summary["fps"],
        core_ms=summary["cpu_seconds"] / frames * 1e3,
        peak_mb=usage.peak_mb,
        startup_s=usage.wall_s - summary["seconds"],
    )


def plain_loop(clip: Path, folder: Path) -> Speed:
    """Run the loop that people write first."""
    command = [sys.executable, str(_HERE / "plain_loop.py"), str(clip)]
    usage = run([*command, str(folder / "plain.mp4")])
    figures = json.loads(usage.printed)
    return Speed(
        frames=figures["frames"],
        fps=figures["frames"] / figures["wall_s"],
        core_ms=figures["cpu_s"] / figures["frames"] * 1e3,
        peak_mb=usage.peak_mb,
        startup_s=usage.wall_s - figures["wall_s"],
    )


def median(rounds: list[Speed]) -> Speed:
    """Take the median of each figure."""
    columns = zip(*(astuple(speed) for speed in rounds), strict=True)
    return Speed(*(statistics.median(column) for column in columns))


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--times", type=int, default=10, help="of the long clip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    (source,) = expand_inputs([given.clip])
    if source.path is None:
        parser.error(f"{given.clip} is not a file")

    rounds: dict[str, list[Speed]] = {}
    parts_rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        long_clip = folder / "long.mp4"
        repeat(source.path, given.times, long_clip)
        parts_command = [sys.executable, str(_HERE / "parts.py"), str(source.path)]
        for _ in range(given.rounds):
            parts_rounds.append(json.loads(run(parts_command).printed))
            for title, speed in (
                ("maskstream", maskstream(source.path, folder)),
                ("maskstream, long clip", maskstream(long_clip, folder)),
                ("plain loop", plain_loop(source.path, folder)),
            ):
                rounds.setdefault(title, []).append(speed)
    parts = {
        part: statistics.median(figures[part] for figures in parts_rounds)
        for part in parts_rounds[0]
    }
    speeds = {title: median(its_rounds) for title, its_rounds in rounds.items()}
    report(parts, speeds)
    if given.json:
        programs = {title: asdict(speed) for title, speed in speeds.items()}
        figures = {"parts_core_ms": parts, "programs": programs}
        given.json.write_text(json.dumps(figures, indent=2))


def report(parts: dict[str, float], speeds: dict[str, Speed]) -> None:
    """Print what was measured, and the ratios that matter."""
    console = Console(highlight=False)
    table = Table("part alone", "core-ms a frame", box=None)
    for part, core_ms in parts.items():
        table.add_row(part, f"{core_ms:.2f}")
    whole_ms = sum(parts.values())
    table.add_row("sum", f"{whole_ms:.2f}")
    console.print(table)

    table = Table("", "frames", "fps", "core-ms a frame", "peak MB", box=None)
    for title, speed in speeds.items():
        table.add_row(
            title,
            f"{speed.frames:.0f}",
            f"{speed.fps:.1f}",
            f"{speed.core_ms:.1f}",
            f"{speed.peak_mb:.0f}",
        )
    console.print(table)
    short, long, plain = speeds.values()
    console.print(
        f"fps over those of the plain loop: {short.fps / plain.fps:.2f}\n"
        f"CPU time over the sum of the parts: {short.core_ms / whole_ms:.2f}, "
        f"long clip {long.core_ms / whole_ms:.2f}\n"
        f"peak memory, long clip over short: {long.peak_mb / short.peak_mb:.2f}\n"
        f"before the first frame (imports, weights, compiling): "
        f"{short.startup_s:.1f} s"
    )


if __name__ == "__main__":
    main()
