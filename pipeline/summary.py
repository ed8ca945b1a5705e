"""What a run did: every frame accounted for, and where the time went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from maskstream.pipeline.ledger import StreamAccount
from maskstream.pipeline.node import StageReport

__all__ = ["Outcome", "RunSummary", "StageTime", "StreamSummary", "stage_times"]


class Outcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StageTime:
    """Seconds of one stage, summed over its streams and graphs."""

    items: int = 0
    busy_s: float = 0.0
    input_wait_s: float = 0.0
    output_wait_s: float = 0.0

    def __add__(self, other: StageTime) -> StageTime:
        return StageTime(
            self.items + other.items,
            self.busy_s + other.busy_s,
            self.input_wait_s + other.input_wait_s,
            self.output_wait_s + other.output_wait_s,
        )


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """The account of one stream, and what became of it."""

    source: str
    """Where it came from, credentials masked."""
    account: StreamAccount
    seconds: float

    @property
    def fps(self) -> float:
        """Frames written each second of the run."""
        return self.account.written / self.seconds if self.seconds > 0 else 0.0

    @property
    def dropped_by(self) -> dict[str, int]:
        """Frames by "stage: reason", the largest count of any sink."""
        counts: dict[str, int] = {}
        for sink in self.account.sinks.values():
            for (stage, reason), frames in sink.dropped.items():
                key = f"{stage}: {reason}"
                counts[key] = max(counts.get(key, 0), frames)
        return counts

    def to_json(self) -> dict[str, Any]:
        """Return the stream's part of the summary, ready for JSON."""
        return {
            "source": self.source,
            "decoded": self.account.decoded,
            "written": self.account.written,
            "dropped": self.account.dropped,
            "dropped_by": self.dropped_by,
            "fps": round(self.fps, 2),
            "seconds": round(self.seconds, 3),
            "sinks": {
                name: {
                    "written": sink.written,
                    "dropped": sink.num_dropped,
                    "files": list(sink.files),
                }
                for name, sink in self.account.sinks.items()
            },
            "events": dict(self.account.notes),
        }


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did."""

    outcome: Outcome
    seconds: float
    cpu_seconds: float
    """Of this process, on all cores."""
    streams: Mapping[str, StreamSummary]
    stages: Mapping[str, StageTime]
    engine: str
    """Such as "openvino bf16 on cpu"."""
    model: str
    errors: Sequence[str] = ()

    @property
    def written(self) -> int:
        """Frames that reached every sink of their stream."""
        return sum(stream.account.written for stream in self.streams.values())

    @property
    def fps(self) -> float:
        """Frames written each second of the run, all streams together."""
        return self.written / self.seconds if self.seconds > 0 else 0.0

    @property
    def bottleneck(self) -> str | None:
        """The stage that was busy longest; None when nothing ran."""
        if not any(times.busy_s for times in self.stages.values()):
            return None
        return max(self.stages, key=lambda name: self.stages[name].busy_s)

    def to_json(self) -> dict[str, Any]:
        """Return the summary, ready for JSON."""
        return {
            "outcome": self.outcome.value,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "fps": round(self.fps, 2),
            "model": self.model,
            "engine": self.engine,
            "streams": {name: one.to_json() for name, one in self.streams.items()},
            "stages": {
                name: {
                    "items": times.items,
                    "busy_s": round(times.busy_s, 4),
                    "input_wait_s": round(times.input_wait_s, 4),
                    "output_wait_s": round(times.output_wait_s, 4),
                }
                for name, times in self.stages.items()
            },
            "bottleneck": self.bottleneck,
            "errors": list(self.errors),
        }


def stage_times(reports: Iterable[StageReport]) -> dict[str, StageTime]:
    """Sum the reports by stage, over the streams."""
    times: dict[str, StageTime] = {}
    for report in reports:
        name = report.name
        times[name] = times.get(name, StageTime()) + StageTime(
            report.items, report.busy_s, report.input_wait_s, report.output_wait_s
        )
    return times
