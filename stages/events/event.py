"""What is told of an event: that it began, that it ended, that its clip is there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from maskstream.pipeline.clock import utc_text

__all__ = ["Event", "Phase"]

FORMAT = "maskstream.event"
VERSION = 1


class Phase(StrEnum):
    """Which message of an event it is."""

    BEGIN = "begin"
    END = "end"
    CLIP = "clip"  # the clip of an event that has ended, or was cut short, is whole


@dataclass(frozen=True, slots=True)
class Event:
    """One message. An event has one id; with the phase it names the message."""

    id: str
    phase: Phase
    stream: str
    rule: str
    classes: tuple[str, ...]
    began_at: float
    """When the share first was beyond the threshold, in seconds since 1970."""
    ended_at: float | None = None
    share: float | None = None
    """In the frame that made it known."""
    peak_share: float | None = None
    is_cut: bool = False
    """It ended because nobody looked any more: the stream was away, or ended."""
    snapshot: str | None = None
    clip: str | None = None

    def to_json(self) -> bytes:
        """Write it as one object; times in UTC, shares from 0 to 1."""
        return json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                **asdict(self),
                "began_at": utc_text(self.began_at),
                "ended_at": None if self.ended_at is None else utc_text(self.ended_at),
                "share": _rounded(self.share),
                "peak_share": _rounded(self.peak_share),
            },
            separators=(",", ":"),
        ).encode()


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
