"""How frames a second and cost grow with the streams and with the size of the picture.

    python benchmarks/growth.py [CLIP] [--only streams] --json FILE

The graph of a run, its network warm: with one stream and more at the same time, all of
the same clip, and with the clip scaled to other sizes. The network's input stays what a
run chooses, about 512x288.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av

from maskstream.bench.costs import Cost, Spread
from maskstream.bench.machine import Machine
from maskstream.bench.prepare import prepare
from maskstream.bench.whole import run_whole
from maskstream.bench.workload import Workload
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.errors import MaskStreamError
from maskstream.stages.source import expand_inputs

_STREAMS = (1, 2, 4, 8)
_HEIGHTS = (180, 360, 540, 720, 1080)
_FRAMES = 100

Run = Callable[[], Cost]


def main() -> None:
    """Measure, and write each down when it is done; what FILE holds else is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--frames", type=int, default=_FRAMES, help="at most")
    parser.add_argument("--only", choices=("streams", "heights"), help="not both")
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    kept = json.loads(given.json.read_text()) if given.json.is_file() else {}
    config = RunConfig(inputs=(given.clip,))
    try:
        with prepare(config, given.frames, lambda _: None) as workload:
            run_whole(workload, 1)  # warms up
            for what, make in (("streams", _by_streams), ("heights", _by_height)):
                if given.only in (None, what):
                    kept[what] = _measure(make(workload), given.rounds)
                    given.json.write_text(json.dumps(kept, indent=2) + "\n")
    except MaskStreamError as error:
        parser.error(str(error))


def _measure(runs: Mapping[int, Run], rounds: int) -> dict[str, Any]:
    """Run all in turns, round after round."""
    machine = Machine.look()
    costs: dict[int, list[Cost]] = {number: [] for number in runs}
    for _ in range(rounds):
        for number, run in runs.items():
            costs[number].append(run())
    rows = [
        {
            "number": number,
            "fps": Spread.of(1e3 / cost.ms for cost in some).to_json(),
            "core_ms": Spread.of(cost.core_ms for cost in some).to_json(),
        }
        for number, some in costs.items()
    ]
    return {"machine": machine.afterwards().to_json(), "rows": rows}


def _by_streams(workload: Workload) -> dict[int, Run]:
    return {number: partial(_run_streams, workload, number) for number in _STREAMS}


def _by_height(workload: Workload) -> dict[int, Run]:
    scaled = {height: _scaled(workload, height) for height in _HEIGHTS}
    return {height: partial(_run_one, clip) for height, clip in scaled.items()}


def _run_one(workload: Workload) -> Cost:
    return run_whole(workload, 1).cost


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
