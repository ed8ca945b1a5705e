"""Where a network's scores lie on the picture, and how they become full size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from maskstream.pipeline.errors import ModelError

if TYPE_CHECKING:  # a network that was converted runs without torch
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

_Samples = TypeVar("_Samples", "NDArray[np.float64]", "Tensor")


@dataclass(frozen=True, slots=True)
class ScoreGrid:
    """Place of the score samples: pixel ``p`` lies at sample ``(p + offset) / stride``.

    Pixels and samples count from 0 at their centres, alike along rows and columns. A
    grid whose cells tile the picture has ``offset = -(stride - 1) / 2``.
    """

    stride: int
    offset: float
    fades: bool = False
    """Beyond the outermost samples scores fall to zero, as where a deconvolution meets
    its border, instead of staying. No class gains by that: labels are the same."""

    @classmethod
    def tiling(cls, stride: int) -> ScoreGrid:
        """Place samples in the middle of cells that tile the picture."""
        return cls(stride, -(stride - 1) / 2)

    def split(self) -> ScoreGrid:
        """Place four samples in the cell of each."""
        return ScoreGrid(self.stride // 2, self.offset + self.stride / 4)

    def convolved(self, kernel: int, stride: int = 1, padding: int = 0) -> ScoreGrid:
        """Place what a convolution or a pooling makes of samples on this grid.

        As coord_map.py of the original release. A kernel of even size takes the place
        between its two middle samples.
        """
        shift = (kernel - 1) / 2 - padding  # in samples of this grid
        return ScoreGrid(self.stride * stride, self.offset - shift * self.stride)

    def deconvolved(self, kernel: int, stride: int, padding: int = 0) -> ScoreGrid:
        """Place what a transposed convolution makes of samples on this grid."""
        shift = (kernel - 1) / 2 - padding  # in samples of the finer grid
        finer = self.stride // stride
        return ScoreGrid(finer, self.offset + shift * finer)

    def margin_over(self, other: ScoreGrid) -> int:
        """Count the samples of this grid that lie before the first of ``other``.

        Both have one stride; this is what the release crops.

        Raises:
            ModelError: the samples of one lie between those of the other.
        """
        margin = (self.offset - other.offset) / self.stride
        if margin != int(margin) or margin < 0:
            raise ModelError(
                f"scores at stride {self.stride} cannot be added: they lie "
                f"{margin} samples apart, and a whole number is needed"
            )
        return int(margin)

    def positions(self, num_pixels: int, num_labels: int) -> Tensor:
        """Find the score position of each of ``num_labels`` samples across the picture.

        Args:
            num_pixels: length of one side of the picture that the network saw.
            num_labels: length of the same side of the label map; where it differs,
                the two describe the same scene, cell edges aligned.

        Returns:
            (num_labels,) float64 positions on the score grid, not clamped.
        """
        import torch

        samples = torch.arange(num_labels, dtype=torch.float64)
        return self.locate(samples, num_pixels, num_labels)

    def locate(self, samples: _Samples, num_pixels: int, num_labels: int) -> _Samples:
        """Find the score positions of some of the samples that `positions` tells of.

        Args:
            samples: their indices, as float64 of numpy or torch.
            num_pixels: as for `positions`.
            num_labels: as for `positions`.
        """
        pixels = (samples + 0.5) * (num_pixels / num_labels) - 0.5
        return (pixels + self.offset) / self.stride


def upsample_scores(
    scores: Tensor,
    grid: ScoreGrid,
    picture_hw: tuple[int, int],
    size_hw: tuple[int, int] | None = None,
) -> Tensor:
    """Bring scores to full size by exact bilinear sampling.

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
    rows = _sampling(grid, picture_hw[0], height, scores.shape[2]).to(scores)
    columns = _sampling(grid, picture_hw[1], width, scores.shape[3]).to(scores)
    tall = rows @ scores  # (H, h) @ (N, K, h, w) -> (N, K, H, w)
    return tall @ columns.T  # (N, K, H, W)


def _sampling(
    grid: ScoreGrid, num_pixels: int, num_labels: int, num_samples: int
) -> Tensor:
    """Write interpolation along a side as a (num_labels, num_samples) matrix."""
    import torch

    positions = grid.positions(num_pixels, num_labels)  # (num_labels,)
    if not grid.fades:
        positions = positions.clamp(0, num_samples - 1)
    distances = positions[:, None] - torch.arange(num_samples)
    return (1 - distances.abs()).clamp(min=0)
