"""Where a network's scores lie on the picture, and how they become full size."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class ScoreGrid:
    """Place of the score samples: pixel ``p`` lies at sample ``(p + offset) / stride``.

    Pixels and samples count from 0 at their centres, alike along rows and columns. A
    grid whose cells tile the picture has ``offset = -(stride - 1) / 2``.
    """

    stride: int
    offset: float

    def positions(self, num_pixels: int, num_labels: int) -> Tensor:
        """Find the score position of each of ``num_labels`` samples across the picture.

        Args:
            num_pixels: length of one side of the picture that the network saw.
            num_labels: length of the same side of the label map; where it differs,
                the two describe the same scene, cell edges aligned.

        Returns:
            (num_labels,) float64 positions on the score grid, not clamped.
        """
        centres = torch.arange(num_labels, dtype=torch.float64) + 0.5
        pixels = centres * (num_pixels / num_labels) - 0.5
        return (pixels + self.offset) / self.stride


def upsample_scores(
    scores: Tensor,
    grid: ScoreGrid,
    picture_hw: tuple[int, int],
    size_hw: tuple[int, int] | None = None,
) -> Tensor:
    """Bring scores to full size by exact bilinear sampling, clamped at the borders.

    This is the last, fixed step of the FCN, which no network here carries. It is the
    reference; `maskstream.models.upsample` does the same fused with the arg-max.

    Args:
        scores: (N, K, h, w) class scores, on any device.
        grid: place of the scores on the picture, as the network tells it.
        picture_hw: size of the picture that the network saw.
        size_hw: size wanted, where it differs from the picture's.

    Returns:
        (N, K, H, W) scores.
    """
    height, width = size_hw or picture_hw
    rows = _sampling(grid.positions(picture_hw[0], height), scores.shape[2]).to(scores)
    columns = _sampling(grid.positions(picture_hw[1], width), scores.shape[3]).to(
        scores
    )
    tall = rows @ scores  # (H, h) @ (N, K, h, w) -> (N, K, H, w)
    return tall @ columns.T  # (N, K, H, W)


def _sampling(positions: Tensor, num_samples: int) -> Tensor:
    """Write linear interpolation at (L,) positions as an (L, num_samples) matrix."""
    nearest = positions.clamp(0, num_samples - 1)  # (L,)
    distances = nearest[:, None] - torch.arange(num_samples)  # (L, num_samples)
    return (1 - distances.abs()).clamp(min=0)
