"""Rules: from when on a class covers enough of the picture, or too little.

A rule looks at one number a frame, the share of the picture (or of a region) that its
classes cover. It holds once the share was beyond the threshold for long enough, and
until it was clearly back for long enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from maskstream.pipeline.errors import ConfigError

__all__ = ["Begin", "End", "Rule", "RuleState"]

Point = tuple[float, float]

_BREAK_S = 5.0  # what held before a gap as long may not have held throughout


@dataclass(frozen=True, slots=True)
class Rule:
    """What is worth telling.

    Raises:
        ConfigError: A number is out of its range.
    """

    name: str
    classes: tuple[str, ...]
    """What they cover together is what counts."""
    threshold: float
    """A share from 0 to 1."""
    is_above: bool = True
    """It holds above the threshold; else below."""
    is_loss: bool = False
    """It holds only once the share has been at the threshold or above: something that
    was there has gone."""
    for_s: float = 0.0
    """How long the share must be beyond the threshold before it holds."""
    ends_after_s: float = 1.0
    """How long it must be back before it holds no more."""
    hysteresis: float = 0.2
    """How far back, as a share of the threshold."""
    cooldown_s: float = 0.0
    """How long it does not begin again after it has ended."""
    within: tuple[Point, ...] = ()
    """Corners of the region, x and y from 0 to 1 of the picture set upright; none is
    the whole picture."""

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ConfigError(f"a threshold is a share, got {self.threshold}")
        if not 0 <= self.hysteresis <= 1:
            raise ConfigError(f"a hysteresis is a share, got {self.hysteresis}")
        if len(self.within) in (1, 2):
            raise ConfigError(f"a region has three corners, got {len(self.within)}")

    def is_beyond(self, share: float) -> bool:
        """Tell whether a share speaks for the rule."""
        return share > self.threshold if self.is_above else share < self.threshold

    def is_back(self, share: float) -> bool:
        """Tell whether a share clearly speaks against it."""
        if self.is_above:
            return share <= self.threshold * (1 - self.hysteresis)
        return share >= self.threshold * (1 + self.hysteresis)


@dataclass(frozen=True, slots=True)
class Begin:
    """A rule has begun to hold."""

    since_s: float
    """From when on the share was beyond the threshold."""
    peak_share: float
    """The most extreme share since then: the least one where it holds below."""


@dataclass(frozen=True, slots=True)
class End:
    """A rule holds no more."""

    until_s: float
    """From when on the share was back, or when it was last looked at."""
    peak_share: float
    is_cut: bool = False
    """Nobody looked any more, so that it may have held on."""


class RuleState:
    """One rule over the frames of one stream."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._last_s: float | None = None
        self._beyond_since_s: float | None = None
        self._back_since_s: float | None = None
        self._ended_s = -math.inf
        self._peak = 0.0
        self._is_held = False
        self._was_there = False

    def update(self, now_s: float, share: float) -> list[Begin | End]:
        """Look at a frame's share; times are those of the stream, and only rise.

        Where they do not, or leave a gap of five seconds, everything begins anew.
        """
        changes: list[Begin | End] = []
        if self._last_s is not None and not 0 <= now_s - self._last_s < _BREAK_S:
            changes += self.cut()
        self._last_s = now_s
        change = (self._hold if self._is_held else self._wait)(now_s, share)
        return changes if change is None else [*changes, change]

    def cut(self) -> list[Begin | End]:
        """End what holds, since nobody looks any more."""
        last_s, self._last_s = self._last_s, None
        self._beyond_since_s, self._was_there = None, False
        if not self._is_held or last_s is None:
            return []
        until_s = last_s if self._back_since_s is None else self._back_since_s
        self._is_held = False
        self._ended_s = -math.inf  # times may begin anew
        return [End(until_s, self._peak, is_cut=True)]

    def _wait(self, now_s: float, share: float) -> Begin | None:
        rule = self._rule
        if not rule.is_beyond(share):
            self._beyond_since_s = None
            self._was_there |= not rule.is_above
            return None
        if rule.is_loss and not self._was_there:
            return None
        if self._beyond_since_s is None:
            self._beyond_since_s, self._peak = now_s, share
        self._see(share)
        is_long = now_s - self._beyond_since_s >= rule.for_s
        if not is_long or now_s - self._ended_s < rule.cooldown_s:
            return None
        self._is_held, self._back_since_s = True, None
        return Begin(self._beyond_since_s, self._peak)

    def _hold(self, now_s: float, share: float) -> End | None:
        self._see(share)
        if not self._rule.is_back(share):
            self._back_since_s = None
            return None
        if self._back_since_s is None:
            self._back_since_s = now_s
        if now_s - self._back_since_s < self._rule.ends_after_s:
            return None
        self._is_held, self._beyond_since_s = False, None
        self._was_there = not self._rule.is_above
        self._ended_s = now_s
        return End(self._back_since_s, self._peak)

    def _see(self, share: float) -> None:
        self._peak = (max if self._rule.is_above else min)(self._peak, share)
