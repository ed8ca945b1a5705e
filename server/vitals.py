"""What is measured of one stream, by whoever sees its frames pass."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

import cv2

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.frame import Frame, Segmentation, StreamFormat
from maskstream.pipeline.ledger import StreamAccount
from maskstream.server.status import State
from maskstream.stages.publishing.preview import LivePreview

__all__ = ["SourceState", "Vitals"]

_RATE_S = 5.0  # rates are the mean over so long
_SAMPLE_S = 0.5
_LATENCY_S = 60.0
_MAX_LATENCIES = 4096  # a minute of two sinks at 30 frames a second
_MAX_CLOCK_OFFSET_S = 60.0
_LATE = (("decode", "queue_full"), ("collect", "stale"))


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the source does, as its decoder told last."""

    state: State
    since: float
    """In seconds since 1970."""
    reason: str | None = None
    message: str | None = None
    retry_at: float | None = None
    """When the next attempt is due, on the clock of the vitals."""
    form: StreamFormat | None = None
    """Of the last frames."""


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    decoded: int
    written: int
    held: int
    late: int
    """Dropped because there was no time for them."""

    @classmethod
    def of(cls, account: StreamAccount, at: float) -> _Sample:
        late = max(
            (
                sum(sink.dropped.get(way, 0) for way in _LATE)
                for sink in account.sinks.values()
            ),
            default=0,
        )
        held = account.notes.get("held_frames", 0)
        return cls(at, account.decoded, account.written, held, late)


class Vitals:
    """Told of what happens to a stream; safe between threads, and bounded.

    It is a `SourceWatch`. Between two pipelines of a stream it goes on.

    Args:
        on_latency: Told the sink and the seconds of each frame that reached it.
        clock: Seconds, as in ``Frame.decoded_at``.
        wall_clock: Seconds since 1970, as in ``Frame.captured_at``.
    """

    def __init__(
        self,
        on_latency: Callable[[str, float], None] = lambda _sink, _s: None,
        clock: Clock = monotonic_clock,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._on_latency = on_latency
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = Lock()  # guards every field below
        self._source = SourceState(State.CONNECTING, wall_clock())
        self._hang: SourceState | None = None
        self._lost: Counter[str] = Counter()
        self._samples: deque[_Sample] = deque()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=_MAX_LATENCIES)
        self._last: Segmentation | None = None
        self._last_frame_at: float | None = None
        self._capture_delay_s: float | None = None
        self._sinks: dict[str, str] = {}
        self.preview: LivePreview | None = None
        """Where to watch the stream; None while it does not run."""

    # -- told by the decoder ---------------------------------------------------------

    def connecting(self) -> None:
        """An attempt to open the source begins."""
        with self._lock:
            source, now = self._source, self._wall_clock()
            if source.state is not State.WAITING:
                self._source = SourceState(State.CONNECTING, now, form=source.form)
            else:  # still for the same reason
                self._source = replace(source, state=State.CONNECTING, retry_at=None)

    def up(self, form: StreamFormat) -> None:
        """Frames come."""
        with self._lock:
            self._source = SourceState(State.RUNNING, self._wall_clock(), form=form)

    def down(self, reason: str, sentence: str, retry_in_s: float) -> None:
        """The source was lost, or an attempt failed."""
        with self._lock:
            source = self._hang or self._source
            is_same = source.reason == reason
            if not is_same:
                self._lost[str(reason)] += 1
            self._source = SourceState(
                State.WAITING,
                source.since if is_same else self._wall_clock(),
                str(reason),
                sentence,
                self._clock() + retry_in_s,
                source.form,
            )

    def hangs(self, reason: str | None, sentence: str) -> bool:
        """Tell some times a second why a call of the source hangs, or None.

        Its own thread cannot. Gives whether that is news.
        """
        with self._lock:
            if reason is None:
                self._hang = None
            elif self._hang is None and self._source.reason != reason:
                self._lost[str(reason)] += 1
                now, form = self._wall_clock(), self._source.form
                self._hang = SourceState(
                    State.WAITING, now, str(reason), sentence, form=form
                )
                return True
            return False

    # -- told by the sinks -----------------------------------------------------------

    def finished(self, item: Segmentation) -> None:
        """A frame has its labels."""
        frame, now = item.frame, self._wall_clock()
        delay_s: float | None = None
        if frame.captured_at is not None:
            delay_s = now - frame.captured_at - (self._clock() - frame.decoded_at)
        with self._lock:
            self._last = item
            self._last_frame_at = now
            self._capture_delay_s = delay_s

    def reached(self, sink: str, frame: Frame) -> None:
        """A sink has written a frame."""
        latency_s = self._latency_s(frame)
        with self._lock:
            self._latencies.append((self._clock(), latency_s))
        self._on_latency(sink, latency_s)

    def sink_is(self, sink: str, state: str) -> None:
        """A sink is ``ok``, or in one sentence what is wrong with it."""
        with self._lock:
            self._sinks[sink] = state

    def sample(self, account: StreamAccount) -> None:
        """Look at the account, for the rates."""
        now = self._clock()
        with self._lock:
            if self._samples and now - self._samples[-1].at < _SAMPLE_S:
                return
            self._samples.append(_Sample.of(account, now))
            while now - self._samples[0].at > _RATE_S + _SAMPLE_S:
                self._samples.popleft()

    def let_go(self) -> None:
        """Keep no picture of a stream that is paused or gone."""
        with self._lock:
            self._last = self.preview = None
            self._samples.clear()
            self._sinks.clear()

    # -- asked -----------------------------------------------------------------------

    @property
    def source(self) -> SourceState:
        """What the source does."""
        with self._lock:
            return self._hang or self._source

    @property
    def retry_in_s(self) -> float | None:
        """Seconds until the next attempt; None where none is due."""
        retry_at = self.source.retry_at
        return None if retry_at is None else max(0.0, retry_at - self._clock())

    @property
    def lost(self) -> dict[str, int]:
        """How often the source was lost, by reason."""
        with self._lock:
            return dict(self._lost)

    @property
    def last(self) -> Segmentation | None:
        """The last finished frame."""
        with self._lock:
            return self._last

    @property
    def last_frame_at(self) -> float | None:
        """When the last frame was finished, in seconds since 1970."""
        with self._lock:
            return self._last_frame_at

    @property
    def capture_delay_s(self) -> float | None:
        """Of the last frame, from capture by the camera's clock until decoded."""
        with self._lock:
            return self._capture_delay_s

    @property
    def sinks(self) -> dict[str, str]:
        """The state of each sink that has told one."""
        with self._lock:
            return dict(self._sinks)

    def rates(self) -> tuple[float, float]:
        """Frames a second that were decoded, and that reached every sink, of late."""
        with self._lock:
            if len(self._samples) < 2:
                return 0.0, 0.0
            first, last = self._samples[0], self._samples[-1]
        seconds = last.at - first.at
        decoded, written = last.decoded - first.decoded, last.written - first.written
        return max(0, decoded) / seconds, max(0, written) / seconds

    def overload(self, scale: float) -> str:
        """Name the step of the overload ladder that was needed of late.

        ``scale`` is the share of each side that the network's input has.
        """
        with self._lock:
            samples = tuple(self._samples) or (_Sample(0.0, 0, 0, 0, 0),)
        first, last = samples[0], samples[-1]
        if last.late > first.late:
            return "drop"
        if scale < 1:
            return "smaller"
        return "hold" if last.held > first.held else "none"

    def latencies(self) -> dict[str, float]:
        """Seconds from capture to a sink over the last minute, by percentile."""
        since = self._clock() - _LATENCY_S
        with self._lock:
            seconds = sorted(latency for at, latency in self._latencies if at >= since)
        if not seconds:
            return {}
        return {
            f"p{percent}": seconds[min(len(seconds) - 1, len(seconds) * percent // 100)]
            for percent in (50, 95, 99)
        }

    def shares(self, classes: ClassTable) -> dict[str, float]:
        """Share of each class in the last finished frame."""
        if (last := self.last) is None:
            return {}
        counts = cv2.calcHist([last.labels], [0], None, [256], [0, 256]).ravel()
        shares = (counts / last.labels.size).round(4).tolist()
        return dict(zip(classes.names, shares, strict=False))

    def _latency_s(self, frame: Frame) -> float:
        """From capture; from the decoder where the camera's clock cannot be right."""
        since_decoded_s = self._clock() - frame.decoded_at
        if frame.captured_at is None:
            return since_decoded_s
        since_captured_s = self._wall_clock() - frame.captured_at
        if since_decoded_s <= since_captured_s < _MAX_CLOCK_OFFSET_S:
            return since_captured_s
        return since_decoded_s
