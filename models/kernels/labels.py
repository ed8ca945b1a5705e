"""From scores at stride 8 to labels at frame size, on the device."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from maskstream.models.geometry import ScoreGrid
from maskstream.models.kernels.choice import runs_triton
from maskstream.models.upsample import labels_from_scores_torch

__all__ = ["labels_on_device"]


def labels_on_device(
    scores: Tensor,
    grid: ScoreGrid,
    network_size_hw: tuple[int, int],
    height: int,
    width: int,
) -> Tensor:
    """Label every pixel of a batch of equal frames, on the current stream.

    The labels are those of `labels_from_scores_torch`, the twin, wherever the two best
    classes differ by more than 1e-4 of the largest score.

    Args:
        scores: (N, K, h, w) of any float type, in memory as they like.
        grid: where the scores lie on the network's input.
        network_size_hw: the size of that input.
        height: rows of the frames.
        width: columns of the frames.

    Returns:
        (N, height, width) uint8.

    Raises:
        ModelError: there are more classes than a uint8 can name.
    """
    label: Callable[..., Tensor] = labels_from_scores_torch
    if runs_triton(scores):
        from maskstream.models.kernels.labels_triton import labels_from_scores_triton

        label = labels_from_scores_triton
    return label(scores, grid, network_size_hw, height, width)
