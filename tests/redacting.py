"""Send made-up frames through a redactor."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Labels, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.redact import Redactor

__all__ = ["HW", "PERSON", "ROAD", "empty", "person", "redact"]

HW = 37, 53
ROAD, PERSON = CAMVID.index("road"), CAMVID.index("pedestrian")


def redact(
    items: list[Segmentation], ledger: Ledger | None = None, **given: Any
) -> list[Segmentation]:
    """Send items through a redactor that hides people at once, without a margin."""
    ledger = ledger or Ledger()
    ledger.open("cam", ["video"])
    plain: dict[str, Any] = {"margin": 0.0, "also_hold_s": 0.0}
    redactor = Redactor(CAMVID, ["pedestrian"], ledger, **{**plain, **given})
    return list(redactor(Channel.of(*items)))


def empty(size_hw: tuple[int, int] = HW) -> Labels:
    """(H, W) of road."""
    return np.full(size_hw, ROAD, np.uint8)


def person(y: int, x: int, size_hw: tuple[int, int] = HW) -> Labels:
    """The same with one pixel of a person."""
    labels = empty(size_hw)
    labels[y, x] = PERSON
    return labels
