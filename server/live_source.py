"""What gives a stream its frames, as those see it who end it."""

from __future__ import annotations

from typing import Protocol

from maskstream.stages.live.reasons import Reason

__all__ = ["LiveSource"]


class LiveSource(Protocol):
    """A source. Its methods may be called from any thread."""

    def stop(self) -> None:
        """End its waits, and then itself."""

    def hang(self) -> Reason | None:
        """Say whether a call hangs that nothing can end."""
