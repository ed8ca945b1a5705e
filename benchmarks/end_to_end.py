"""MaskStream on a clip, beside a plain loop with the same weights and its own parts.

Everything runs on this machine, one after another, each as a process of its own:

    ./dev bench                       the street clip of the package
    ./dev bench CLIP --times 10       a clip of yours, and one ten times as long

The plain loop is what people write first: cv2.VideoCapture, torch, palette look-up,
addWeighted, cv2.VideoWriter. The parts are measured alone, in one thread where they can
be, in milliseconds of CPU a frame (core-ms). Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
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


def maskstream(
    clip: Path, folder: Path, *options: str
) -> tuple[Usage, dict[str, object]]:
    """Run the program on ``clip``; return its usage and its own summary."""
    summary = folder / "summary.json"
    usage = run(
        [
            *(sys.executable, "-m", "maskstream", "run", str(clip)),
            *("--output", str(folder / "out.mp4"), "--summary", str(summary)),
            *("--overwrite", *options),
        ]
    )
    return usage, json.loads(summary.read_text())


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--times", type=int, default=10, help="of the long clip")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    (source,) = expand_inputs([given.clip])
    assert source.path is not None, "a file is needed"
    clip = source.path

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        long_clip = folder / "long.mp4"
        repeat(clip, given.times, long_clip)
        parts = json.loads(
            run([sys.executable, str(_HERE / "parts.py"), str(clip)]).printed
        )
        usage, summary = maskstream(clip, folder)
        long_usage, long_summary = maskstream(long_clip, folder)
        plain = json.loads(
            run(
                [
                    *(sys.executable, str(_HERE / "plain_loop.py")),
                    *(str(clip), str(folder / "plain.mp4")),
                ]
            ).printed
        )
    report(parts, plain, (usage, summary), (long_usage, long_summary))
    if given.json:
        figures = {
            "parts": parts,
            "plain_loop": plain,
            "maskstream": summary,
            "maskstream_long": long_summary,
            "peak_mb": {"short": usage.peak_mb, "long": long_usage.peak_mb},
        }
        given.json.write_text(json.dumps(figures, indent=2))


def report(parts, plain, short, long) -> None:  # type: ignore[no-untyped-def]
    """Print what was measured, and the ratios that matter."""
    console = Console(highlight=False)
    usage, summary = short
    long_usage, long_summary = long
    table = Table("part alone", "core-ms a frame", box=None)
    for part, core_ms in parts.items():
        table.add_row(part, f"{core_ms:.2f}")
    whole_ms = sum(parts.values())
    table.add_row("sum", f"{whole_ms:.2f}")
    console.print(table)

    table = Table("", "frames", "fps", "core-ms a frame", "peak MB", box=None)
    for name, its_usage, its in (
        ("maskstream", usage, summary),
        ("maskstream, long clip", long_usage, long_summary),
    ):
        frames = sum(stream["written"] for stream in its["streams"].values())
        table.add_row(
            name,
            str(frames),
            f"{its['fps']:.1f}",
            f"{its['cpu_seconds'] / frames * 1e3:.2f}",
            f"{its_usage.peak_mb:.0f}",
        )
    table.add_row(
        "plain loop",
        str(plain["frames"]),
        f"{plain['fps']:.1f}",
        f"{plain['core_ms']:.2f}",
        f"{plain['peak_mb']:.0f}",
    )
    console.print(table)
    long_frames = sum(s["written"] for s in long_summary["streams"].values())
    core_ms = long_summary["cpu_seconds"] / long_frames * 1e3
    console.print(
        f"fps over those of the plain loop: {summary['fps'] / plain['fps']:.2f}\n"
        f"CPU time over the sum of the parts: {core_ms / whole_ms:.2f}\n"
        f"memory, {long_frames} frames over "
        f"{sum(s['written'] for s in summary['streams'].values())}: "
        f"{long_usage.peak_mb / usage.peak_mb:.2f}\n"
        f"before the first frame (imports, weights, compiling): "
        f"{usage.wall_s - summary['seconds']:.1f} s"
    )


if __name__ == "__main__":
    main()
