"""Who watches a live source: told of each change, never of each frame."""

from __future__ import annotations

from typing import Protocol

from maskstream.pipeline.frame import StreamFormat
from maskstream.stages.live.reasons import Reason

__all__ = ["NoWatch", "SourceWatch"]


class SourceWatch(Protocol):
    """Told what a source does, on the thread that decodes it: return at once.

    A source is ``connecting``, then ``up``, then ``down``; or down without having been
    up where the attempt failed.
    """

    def connecting(self) -> None:
        """An attempt to open the source begins."""

    def up(self, form: StreamFormat) -> None:
        """Frames come; told again where their format changes."""

    def down(self, reason: Reason, sentence: str, retry_in_s: float) -> None:
        """The source was lost, or an attempt failed; the next is due in a while.

        ``sentence`` holds no credentials.
        """


class NoWatch:
    """Nobody watches."""

    def connecting(self) -> None:
        """Pass over it."""

    def up(self, form: StreamFormat) -> None:
        """Pass over it."""

    def down(self, reason: Reason, sentence: str, retry_in_s: float) -> None:
        """Pass over it."""
