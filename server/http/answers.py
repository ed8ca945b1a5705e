"""What the API answers, as models: they are its documentation too."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from maskstream.pipeline.ledger import SinkAccount
from maskstream.server.status import State, StreamStatus
from maskstream.stages.recording.index import Segment

__all__ = [
    "FAILURES",
    "NO_STREAM",
    "Daemon",
    "Failure",
    "LogLevel",
    "NamedClass",
    "RecordingList",
    "RecordingView",
    "Responses",
    "StreamList",
    "StreamView",
]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Failure(_Answer):
    """Why a request was not met."""

    error: str = Field(description="One sentence, without credentials.")


class Dropped(_Answer):
    """Frames of one sink that were dropped at one place for one reason."""

    stage: str
    reason: str
    frames: int


class SinkView(_Answer):
    """What became of the decoded frames at one sink.

    `decoded` of the stream is always `written + in_flight +` the sum of `dropped`.
    """

    written: int
    in_flight: int = Field(description="On their way to the sink just now.")
    dropped: list[Dropped]
    state: str = Field(description="`ok`, or in one sentence what is wrong.")


class StreamView(_Answer):
    """A stream as it is now."""

    stream: str = Field(description="The id that it was given.")
    state: State = Field(
        description="`starting` (the network is being loaded), `connecting`, "
        "`running`, `waiting` for the source to come back, `paused`, `failed` (given "
        "up: restart it) or `ended`."
    )
    source: str = Field(description="Its source, credentials masked.")
    since: float = Field(description="When the state began, in seconds since 1970.")
    reason: str | None = Field(description="Why the source is away, as a word.")
    message: str | None = Field(description="The same in one sentence.")
    retry_in_s: float | None = Field(description="Until the next attempt.")
    reconnects: dict[str, int] = Field(
        description="How often the source was lost, by reason."
    )
    num_crashes: int = Field(description="How often its threads were started again.")
    size: list[int] | None = Field(description="Height and width of its pictures.")
    network_size: list[int] | None = Field(
        description="Height and width of what the network sees of them."
    )
    fps_in: float = Field(description="Frames a second decoded of late.")
    fps_out: float = Field(description="Frames a second finished at every sink.")
    latency_s: dict[str, float | None] = Field(
        description="From capture to the sink, of late: `p50`, `p95` and `p99`."
    )
    overload: str = Field(description="`none`, `hold`, `smaller` or `drop`.")
    last_frame_at: float | None = Field(
        description="When the last frame was finished, in seconds since 1970."
    )
    shares: dict[str, float] = Field(
        description="Of the last picture, by class, from 0 to 1."
    )
    decoded: int = Field(description="Frames that left the decoder.")
    sinks: dict[str, SinkView] = Field(description="The ledger, by sink.")
    notes: dict[str, int] = Field(
        description="Counts of what is not a frame, such as `corrupt_packets`."
    )

    @classmethod
    def of(cls, status: StreamStatus) -> StreamView:
        """Show a status."""
        account = status.account
        in_flight = account.in_flight
        return cls(
            stream=status.stream,
            state=status.state,
            source=status.source,
            since=status.since,
            reason=status.reason,
            message=status.message,
            retry_in_s=status.retry_in_s,
            reconnects=dict(status.reconnects),
            num_crashes=status.num_crashes,
            size=_listed(status.size_hw),
            network_size=_listed(status.network_hw),
            fps_in=status.fps_in,
            fps_out=status.fps_out,
            latency_s=dict(status.latency_s),
            overload=status.overload,
            last_frame_at=status.last_frame_at,
            shares=dict(status.shares),
            decoded=account.decoded,
            sinks={
                name: _sink(sink, in_flight[name], status.sinks.get(name, "ok"))
                for name, sink in account.sinks.items()
            },
            notes=dict(account.notes),
        )


class StreamList(_Answer):
    """Every stream that the daemon knows."""

    streams: list[StreamView]


class RecordingView(_Answer):
    """A finished file of a recording."""

    name: str = Field(description="By which it is downloaded.")
    kind: str = Field(description="`video`, `mask` or `records`.")
    start: float = Field(description="When its first frame was taken, since 1970.")
    end: float = Field(description="When its last frame had passed.")
    duration_s: float
    frames: int
    bytes: int
    size: list[int] = Field(description="Height and width of its pictures.")
    is_cut: bool = Field(description="Its end is missing: it plays to `end`.")
    reason: str | None = Field(
        description="Why it ended: `clock`, `format`, `jump`, `end`; cut: `killed`, "
        "`disk_full` and the like."
    )

    @classmethod
    def of(cls, name: str, segment: Segment, end: float) -> RecordingView:
        """Show a segment that has ended."""
        return cls(
            name=name,
            kind=segment.kind,
            start=segment.start,
            end=end,
            duration_s=max(0.0, round(end - segment.start, 6)),
            frames=segment.frames,
            bytes=segment.bytes,
            size=[segment.height, segment.width],
            is_cut=segment.is_cut,
            reason=segment.reason,
        )


class RecordingList(_Answer):
    """Recordings, newest first."""

    recordings: list[RecordingView]
    next: str | None = Field(description="Of a page that has another behind it.")


class NamedClass(_Answer):
    """A class that the network knows."""

    name: str
    colour: str = Field(description="As painted, `#rrggbb`.")


class Daemon(_Answer):
    """What does not change while the daemon runs."""

    version: str
    classes: list[NamedClass]
    protocols: list[str] = Field(
        description="What the URL of a source that is added here may begin with."
    )


class LogLevel(_Answer):
    """How much the daemon logs."""

    level: str = Field(
        description="`debug`, `info`, `warning` or `error`.",
        pattern="^(debug|info|warning|error)$",
    )


def _listed(size_hw: tuple[int, int] | None) -> list[int] | None:
    return None if size_hw is None else list(size_hw)


def _sink(account: SinkAccount, in_flight: int, state: str) -> SinkView:
    dropped = [
        Dropped(stage=stage, reason=reason, frames=frames)
        for (stage, reason), frames in sorted(account.dropped.items())
    ]
    return SinkView(
        written=account.written, in_flight=in_flight, dropped=dropped, state=state
    )


Responses = dict[int | str, dict[str, Any]]

FAILURES: Responses = {
    401: {"model": Failure, "description": "A token is needed."},
    403: {"model": Failure, "description": "A page of another site asked."},
    413: {"model": Failure, "description": "The body is too large."},
    422: {"model": Failure, "description": "Something given cannot be used."},
    429: {"model": Failure, "description": "Too many requests."},
}
"""What any request may meet."""
NO_STREAM: Responses = {
    404: {"model": Failure, "description": "No stream has this id."}
}
