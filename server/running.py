"""What runs of a stream, as those see it who end it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from maskstream.pipeline.graph import Pipeline
from maskstream.stages.live.reasons import Reason

__all__ = ["LiveSource", "Running"]


class LiveSource(Protocol):
    """A source. Its methods may be called from any thread."""

    def stop(self) -> None:
        """End its waits, and then itself."""

    def hang(self) -> Reason | None:
        """Say whether a call hangs that nothing can end."""


@dataclass(frozen=True, slots=True)
class Running:
    """A pipeline and its source."""

    pipeline: Pipeline
    source: LiveSource
