"""Times that rise: what to do where a source gives none, or goes back."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["Timeline"]

_JUMP_S = 1


class Timeline:
    """Places what a stream gives, in its order, one after the other.

    A time that the source gives stays as it is while it rises. A missing one is taken
    from the one before. One that goes back a little is moved just after the one before;
    by more than a second, the stream has begun anew (two recordings in one file, a
    counter that wrapped), and it goes on from where it was.
    """

    def __init__(
        self, time_base: Fraction, *, is_strict: bool = True, start: int | None = None
    ) -> None:
        """Begin a timeline.

        Args:
            time_base: Seconds in one unit of time.
            is_strict: Times that go back by less than a second are moved, too.
            start: Where the first item is placed; None takes what the source gives.
        """
        self._jump = _JUMP_S / time_base
        self._is_strict = is_strict
        self._start = start
        self._last: int | None = None
        self._step = 1
        self._shift = 0 if start is None else None

    def place(
        self, time: int | None, second_best: int | None, duration: int
    ) -> tuple[int, str | None]:
        """Place the next item; what was wrong with its time, or None, comes with it.

        Args:
            time: As the source gives it.
            second_best: To be used without it, if there is one.
            duration: Until the next item; 0 if the source does not say.

        Returns:
            The time, and ``estimated_pts``, ``non_increasing_pts``,
            ``pts_discontinuities`` or None.
        """
        event = None if time is not None else "estimated_pts"
        raw = time if time is not None else second_best
        if self._last is None:
            placed = (raw or 0) if self._start is None else self._start
        elif raw is None or self._shift is None:
            placed = self._last + self._step
        else:
            placed = raw + self._shift
            if self._last - placed > self._jump:
                self._shift += self._last + self._step - placed
                placed = self._last + self._step
                event = "pts_discontinuities"
            elif placed <= self._last and self._is_strict:
                placed = self._last + 1
                event = "non_increasing_pts"
        if self._shift is None and raw is not None:
            self._shift = placed - raw
        if duration > 0:
            self._step = duration
        elif self._last is not None:
            self._step = max(1, placed - self._last)
        self._last = placed
        return placed, event
