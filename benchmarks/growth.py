"""How frames a second and cost grow with the streams and with the size of the picture.

    python benchmarks/growth.py [CLIP] --json FILE

The graph of a run, its network warm: with one stream and more at the same time, all of
the same clip, and with the clip scaled to other sizes. The network's input stays what a
run chooses, about 512x288.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from maskstream.bench.costs import Cost, Spread
from maskstream.bench.machine import Machine
from maskstream.bench.prepare import prepare
from maskstream.bench.whole import run_whole
from maskstream.bench.workload import Workload
from maskstream.pipeline.config import RunConfig
from maskstream.stages.source import expand_inputs

_STREAMS = (1, 2, 4, 8)
_HEIGHTS = (180, 360, 540, 720, 1080)
_FRAMES = 100


def main() -> None:
    """Measure both, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    machine = Machine.look()
    config = RunConfig(inputs=(given.clip,))
    with prepare(config, _FRAMES, lambda _: None) as workload:
        clips = [_scaled(workload, height) for height in _HEIGHTS]
        run_whole(workload, 1)  # warms up
        by_streams: dict[int, list[Cost]] = {number: [] for number in _STREAMS}
        by_height: dict[int, list[Cost]] = {height: [] for height in _HEIGHTS}
        for _ in range(given.rounds):
            for number in _STREAMS:
                by_streams[number].append(_run_streams(workload, number))
            for height, clip in zip(_HEIGHTS, clips, strict=True):
                by_height[height].append(run_whole(clip, 1).cost)
    figures = {
        "machine": machine.to_json(),
        "streams": [_row(number, costs) for number, costs in by_streams.items()],
        "heights": [_row(height, costs) for height, costs in by_height.items()],
    }
    given.json.write_text(json.dumps(figures, indent=2) + "\n")


def _row(number: int, costs: Sequence[Cost]) -> dict[str, Any]:
    return {
        "number": number,
        "fps": Spread.of(1e3 / cost.ms for cost in costs).to_json(),
        "core_ms": Spread.of(cost.core_ms for cost in costs).to_json(),
    }


def _run_streams(workload: Workload, number: int) -> Cost:
    """Run so many streams together; the cost of a frame, whosever it is."""
    assembler, plan = workload.assemble()
    assert plan.video is not None
    plans = [
        replace(
            plan,
            source=replace(plan.source, name=f"stream-{index}"),
            video=plan.video.with_stem(f"stream-{index}"),
        )
        for index in range(number)
    ]
    streams = assembler.build(plans)
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    streams.run()
    cpu_s, took_s = time.process_time() - cpu_began_s, time.perf_counter() - began_s
    accounts = assembler.ledger.accounts()
    frames = sum(account.written for account in accounts.values())
    return Cost(took_s / frames * 1e3, cpu_s / frames * 1e3)


def _scaled(workload: Workload, height: int) -> Workload:
    """Scale the clip, and encode it well enough to be decoded like a real one."""
    source = workload.clip()
    path = workload.folder / f"scaled-{height}.mp4"
    with av.open(source.url) as container, av.open(str(path), "w") as output:
        video = container.streams.video[0]
        width = round(video.width * height / video.height / 2) * 2
        rate = video.average_rate or Fraction(25)
        options = {"preset": "veryfast", "crf": "20"}
        track: Any = output.add_stream("libx264", rate=rate, options=options)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        for index, picture in enumerate(container.decode(video)):
            scaled = picture.reformat(width=width, height=height, format="yuv420p")
            scaled.pts, scaled.time_base = index, 1 / rate
            scaled.pict_type = 0
            output.mux(track.encode(scaled))
        output.mux(track.encode(None))
    (scaled_source,) = expand_inputs([str(path)])
    return replace(workload, source=scaled_source, _copies={})


if __name__ == "__main__":
    main()
