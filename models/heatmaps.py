"""Class heat maps: how sure the network is of a class, and where."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from maskstream.models.fcn import FCN
from maskstream.models.geometry import ScoreGrid, upsample_scores

__all__ = ["draw_heatmap", "heatmaps"]

Picture = NDArray[np.uint8]
"""(H, W, 3) RGB."""

_HEAT = 0.65  # the rest is the picture, in grey


@torch.inference_mode()
def heatmaps(
    model: FCN, picture: Picture, size_hw: tuple[int, int], *, upsampled: bool = True
) -> NDArray[np.float32]:
    """Compute the probability of each class at each pixel.

    Args:
        model: in evaluation mode, on the CPU.
        picture: as the network is to see it.
        size_hw: of the maps.
        upsampled: scores are upsampled and then made probabilities, as labels are;
            otherwise each pixel shows the score sample that is nearest to it, so that
            one sees what the network had before.

    Returns:
        (K, H, W), 0 to 1; the classes of a pixel add up to 1.
    """
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()  # (1, 3, h, w)
    scores = model(pixels)  # (1, K, h8, w8)
    picture_hw = (picture.shape[0], picture.shape[1])
    if upsampled:
        full = upsample_scores(scores, model.score_grid, picture_hw, size_hw)
    else:
        rows, columns = (
            _nearest(model.score_grid, *lengths)
            for lengths in zip(picture_hw, size_hw, scores.shape[2:], strict=True)
        )
        full = scores[:, :, rows[:, None], columns]
    probabilities: NDArray[np.float32] = full.softmax(1)[0].numpy()  # (K, H, W)
    return probabilities


def draw_heatmap(probabilities: NDArray[np.float32], picture: Picture) -> Picture:
    """Lay the heat of one class over the picture, in black, purple, orange and yellow.

    Args:
        probabilities: (H, W), 0 to 1.
        picture: (H, W, 3) RGB of the same size.

    Returns:
        (H, W, 3) RGB.
    """
    heat_bgr = cv2.applyColorMap(
        np.rint(probabilities * 255).astype(np.uint8), cv2.COLORMAP_INFERNO
    )
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]  # (H, W, 1)
    drawn = _HEAT * heat_bgr[..., ::-1] + (1 - _HEAT) * grey
    return np.rint(drawn).astype(np.uint8)


def _nearest(
    grid: ScoreGrid, num_pixels: int, num_labels: int, num_samples: int
) -> torch.Tensor:
    """Find the sample nearest to each of ``num_labels`` pixels; (num_labels,)."""
    return (
        grid.positions(num_pixels, num_labels).round().clamp(0, num_samples - 1).long()
    )
