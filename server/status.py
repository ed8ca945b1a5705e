"""What the daemon knows of a stream, as the API, the page and the metrics show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from maskstream.pipeline.ledger import StreamAccount

__all__ = ["State", "StreamStatus"]


class State(StrEnum):
    """Where a stream is in its life."""

    STARTING = "starting"  # something must come first, such as the network
    CONNECTING = "connecting"  # the source is being opened
    RUNNING = "running"  # frames come
    WAITING = "waiting"  # the source is away; the next attempt is due
    PAUSED = "paused"  # somebody asked for it
    FAILED = "failed"  # it crashed too often and was given up; restart begins anew
    ENDED = "ended"  # removed, or the daemon is stopping


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream as seen now. Nothing in it holds a credential."""

    stream: str
    state: State
    source: str
    """The source as it may be shown, its credentials masked."""
    since: float
    """When the state began, in seconds since 1970."""
    account: StreamAccount
    reason: str | None = None
    """Why the source is away, as a value of `maskstream.stages.live.reasons.Reason`."""
    message: str | None = None
    """The same in one sentence."""
    retry_in_s: float | None = None
    """Until the next attempt."""
    reconnects: Mapping[str, int] = field(default_factory=dict)
    """How often the source was lost, by reason."""
    num_crashes: int = 0
    """How often its threads were started again."""
    size_hw: tuple[int, int] | None = None
    network_hw: tuple[int, int] | None = None
    fps_in: float = 0.0
    """Frames a second that were decoded of late."""
    fps_out: float = 0.0
    """Frames a second that reached every sink of late."""
    latency_s: Mapping[str, float] = field(default_factory=dict)
    """From capture to the sink, of late: ``p50``, ``p95``, ``p99``."""
    capture_delay_s: float | None = None
    """By the camera's clock, from capture until decoded; None where it tells no time.

    Far from zero, or below it, that clock is wrong.
    """
    overload: str = "none"
    """The step of the overload ladder: none, hold, smaller or drop."""
    last_frame_at: float | None = None
    """When the last frame was finished, in seconds since 1970."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Of the picture, by class, in the last finished frame."""
    sinks: Mapping[str, str] = field(default_factory=dict)
    """By sink: ``ok``, or in one sentence what is wrong (``disk full``, ...)."""
