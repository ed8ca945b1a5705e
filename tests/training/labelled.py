"""Small data sets on disk, in the layouts in which they are published."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


def save(path: Path, pixels: Pixels) -> None:
    """Write (H, W) ids or an (H, W, 3) RGB picture, and the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels[..., ::-1] if pixels.ndim == 3 else pixels)


def picture(height: int = 6, width: int = 8, value: int = 128) -> Pixels:
    """Make a grey RGB picture."""
    return np.full((height, width, 3), value, np.uint8)


def rows_of(*values: int | tuple[int, int, int], width: int = 8) -> Pixels:
    """Make a label map with a row of each id or colour."""
    rows = np.array(values, np.uint8)  # (H,) or (H, 3)
    return np.repeat(rows[:, None], width, axis=1)
