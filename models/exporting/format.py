"""What every format of export is: a way to write a network and a way to run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskstream.models.exporting.labeller import Labeller

__all__ = ["Format", "Labelling"]

Labelling = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""From (N, H, W, 3) RGB pictures to (N, H, W) class ids."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format that networks are exported to."""

    suffix: str
    write: Callable[[Labeller, Path, str], None]
    """Write a network and its card; a file beside may come with the one named."""
    open: Callable[[Path], Labelling]
    """Open what was written in the runtime that it is for."""
    beside: str | None = None
    """Suffix of the second file, where there is one."""
    multiple: int = 1
    """What height and width must be divisible by."""
