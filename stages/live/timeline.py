"""One timeline for all connections to a source: it rises, and shows the gaps."""

from __future__ import annotations

from fractions import Fraction

from maskstream.stages.timeline import Timeline

__all__ = ["LiveTimeline"]

_JUMP_S = 5.0


class LiveTimeline:
    """Places the pictures of one connection after another on one timeline.

    Within a connection the source's own times are kept. Across a gap, and where they
    jump ahead of the clock, the timeline goes on by as much as the clock did.
    """

    def __init__(self) -> None:
        self._time_base = Fraction(1)
        self._timeline: Timeline | None = None
        self._last_s: Fraction | None = None
        self._last_now_s = 0.0
        self._last_raw_s: Fraction | None = None

    def connect(self, time_base: Fraction) -> None:
        """Begin with the pictures of a new connection."""
        self._time_base = time_base
        self._timeline = None
        self._last_raw_s = None

    def place(
        self, time: int | None, second_best: int | None, duration: int, now_s: float
    ) -> tuple[int, str | None]:
        """Place the next picture; see `Timeline.place`.

        Args:
            time: As the source gives it.
            second_best: To be used without it, if there is one.
            duration: Until the next picture; 0 if the source does not say.
            now_s: When it came, by a clock that never goes back.
        """
        raw = time if time is not None else second_best
        raw_s = None if raw is None else raw * self._time_base
        has_jumped = self._has_jumped(raw_s, now_s)
        if self._timeline is None or has_jumped:
            self._timeline = Timeline(self._time_base, start=self._start(now_s))
        pts, event = self._timeline.place(time, second_best, duration)
        self._last_s, self._last_now_s = pts * self._time_base, now_s
        if raw_s is not None:
            self._last_raw_s = raw_s
        return pts, "pts_discontinuities" if has_jumped else event

    def _has_jumped(self, raw_s: Fraction | None, now_s: float) -> bool:
        if raw_s is None or self._last_raw_s is None:
            return False
        return raw_s - self._last_raw_s > now_s - self._last_now_s + _JUMP_S

    def _start(self, now_s: float) -> int | None:
        """Where the timeline goes on by the clock; None where it has not begun."""
        if self._last_s is None:
            return None
        gap_s = Fraction(max(now_s - self._last_now_s, 0.0))
        return int((self._last_s + gap_s) / self._time_base) + 1
