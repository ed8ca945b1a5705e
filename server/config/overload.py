"""How far the daemon goes when the network cannot keep up."""

from __future__ import annotations

from pydantic import Field

from maskstream.pipeline.config import OverloadConfig

__all__ = ["LadderConfig"]


class LadderConfig(OverloadConfig):
    """First labels are held, then the network's input shrinks, then frames drop."""

    every: int = Field(
        4,
        ge=1,
        description="Holding is enough while every so manieth frame gets labels of its "
        "own: at 25 frames a second, six masks a second.",
    )
    least_size: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Then the network's input may shrink to this share of each side, a "
        "quarter of the work; 1 keeps it as it is.",
    )
