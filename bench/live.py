"""How old a picture is when its labels are there, and when it is encoded, at live pace.

The clip is played as a camera would give it, and the stages are those of a camera: what
the network has no time for is held or dropped, and the encoder holds nothing back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskstream.bench.workload import Workload
from maskstream.pipeline.assemble import annotator
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.frame import Frame
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.shared_stages import (
    MAX_LIVE_TAKES,
    SharedStages,
    network_sizes,
    stream_of,
)
from maskstream.pipeline.stage import Inbox, Outputs, Stage
from maskstream.pipeline.stream_stages import Branch, StreamStages
from maskstream.pipeline.streams import Streams
from maskstream.stages.codecs import CODECS
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.live import LiveDecoder, live_source

__all__ = ["Live", "run_live"]

_SETTLED_AFTER = 10  # frames: the first are encoded while threads and buffers are made


@dataclass(frozen=True, slots=True)
class Live:
    """What a live stream was like."""

    seconds: float
    decoded: int
    held: int
    """With the labels of the frame before."""
    dropped: int
    to_labels_ms: Sequence[float]
    to_encoded_ms: Sequence[float]

    def to_json(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {
            "seconds": round(self.seconds, 2),
            "decoded": self.decoded,
            "decoded_fps": round(self.decoded / self.seconds, 2),
            "held": self.held,
            "dropped": self.dropped,
            "to_labels_ms": percentiles(self.to_labels_ms),
            "to_encoded_ms": percentiles(self.to_encoded_ms),
        }


def percentiles(latencies_ms: Sequence[float]) -> dict[str, float]:
    """Sum up latencies by p50, p95 and p99."""
    found = np.percentile(latencies_ms or [0.0], (50, 95, 99))
    return {
        name: round(float(one), 2)
        for name, one in zip(("p50", "p95", "p99"), found, strict=True)
    }


def run_live(workload: Workload, seconds: float) -> Live:
    """Play the clip at its own pace for so long."""
    config, engine = workload.config, workload.engine
    ledger = Ledger()
    metrics = _Latencies(ledger)
    clip = workload.clip()
    codec = CODECS[config.video.codec]
    encoder = VideoEncoder(
        workload.folder / "live.mkv",
        ledger,
        codec=config.video.codec,
        options={**codec.low_delay, **config.video.options},
    )
    timed = _Timed(encoder)
    painter = annotator(config.overlay, workload.card.classes, monotonic_clock)
    source = LiveDecoder(
        live_source(f"loop:{clip.path}"), clip.name, ledger, monotonic_clock
    )
    stream = StreamStages(
        clip.name,
        source,
        (Branch("annotate", painter, then=(Branch("encode", timed, "video"),)),),
        ledger,
        monotonic_clock,
        is_fresh=True,
        is_held=config.overload.hold,
    )
    ledger.open(stream.stream, stream.sinks)
    hub = Hub(stream_of, max_takes=MAX_LIVE_TAKES, clock=monotonic_clock)
    shared = SharedStages(
        engine,
        network_sizes(config.model),
        config.batch,
        config.overload,
        ledger,
        metrics,
        monotonic_clock,
    )
    pipeline = stream.build(hub)
    streams = Streams(hub, shared.build(hub), [pipeline])
    streams.start()
    try:
        streams.wait(seconds)
        source.stop()
        streams.wait()
    finally:
        streams.stop()
    account = ledger.account(clip.name)
    return Live(
        seconds=seconds,
        decoded=account.decoded,
        held=account.notes.get("held_frames", 0),
        dropped=account.dropped,
        to_labels_ms=_settled(metrics.latencies_ms),
        to_encoded_ms=_settled(timed.latencies_ms),
    )


class _Latencies(Metrics):
    """Keeps each latency beside counting it."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.latencies_ms: list[float] = []

    def observe_latency(self, frame: Frame, latency_s: float) -> None:
        """Note one frame whose labels are finished."""
        super().observe_latency(frame, latency_s)
        self.latencies_ms.append(latency_s * 1e3)


@dataclass(frozen=True, slots=True)
class _Timed:
    """A sink that is through with an item when it asks for the next."""

    sink: Stage
    latencies_ms: list[float] = field(default_factory=list)

    def __call__(self, inbox: Inbox) -> Outputs:
        return self.sink(self._timed(inbox))

    def _timed(self, inbox: Inbox) -> Any:
        for item in inbox:
            yield item
            age_s = monotonic_clock() - item.frame.decoded_at
            self.latencies_ms.append(age_s * 1e3)


def _settled(latencies_ms: list[float]) -> list[float]:
    is_long = len(latencies_ms) > 2 * _SETTLED_AFTER
    return latencies_ms[_SETTLED_AFTER:] if is_long else latencies_ms
