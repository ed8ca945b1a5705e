"""One setting that was tried, and the bounds that it has to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Bounds", "Trial"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What quality may cost."""

    agreement: float = 0.98
    """Share of the pixels, at least, that get the label that the network gives in fp32
    at the size that was given."""
    psnr_loss_db: float = 0.5
    """Of the encoded picture, beside the preset that was given."""
    growth: float = 1.5
    """Of the file, beside the preset that was given."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one."""

    name: str
    settings: dict[str, Any]
    """As in a configuration."""
    found: str
    """What was measured."""
    ms: float
    """What a frame costs, where trials are compared."""
    is_within: bool = True
    """It keeps the bounds."""
    is_chosen: bool = False
