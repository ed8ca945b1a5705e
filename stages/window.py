"""The part of a stream that is wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Window"]


@dataclass(frozen=True, slots=True)
class Window:
    """From ``begin_s`` up to ``end_s``, that one left out, in the stream's seconds."""

    begin_s: Fraction | float = -math.inf
    end_s: Fraction | float = math.inf

    @classmethod
    def of(
        cls, origin_s: Fraction, start_s: float | None, duration_s: float | None
    ) -> Window:
        """Begin ``start_s`` after the origin and end ``duration_s`` later.

        None leaves that side open.
        """
        begin_s = origin_s + _exact(start_s or 0.0)
        return cls(
            begin_s=-math.inf if start_s is None else begin_s,
            end_s=math.inf if duration_s is None else begin_s + _exact(duration_s),
        )

    def __contains__(self, seconds: Fraction) -> bool:
        return self.begin_s <= seconds < self.end_s


def _exact(seconds: float) -> Fraction:
    """The decimal that was written: 0.2 s is the fifth frame at 25, not the sixth."""
    return Fraction(str(seconds))
