"""Ways to label a picture: an engine as it runs, or torch at several sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch

from maskstream.models.engines import Engine
from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.training.datasets import Labels, Picture

__all__ = ["Predict", "engine_predictor", "multi_scale_predictor"]

Predict = Callable[[Picture, tuple[int, int]], Labels]
"""Label a (h, w, 3) RGB picture at the size wanted, (H, W), whatever engine is used."""

_STEP = 32  # of network sizes, in pixels


def engine_predictor(engine: Engine, network_hw: tuple[int, int] | None) -> Predict:
    """Label with an engine at a network size, or at one near the picture's own."""

    def predict(picture: Picture, labels_hw: tuple[int, int]) -> Labels:
        seen = _resize(picture, network_hw or _enlarged(picture))
        return engine.submit([seen], [labels_hw]).labels()[0]

    return predict


def multi_scale_predictor(
    model: FCN,
    network_hw: tuple[int, int] | None,
    *,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    device: str = "cpu",
) -> Predict:
    """Label by the mean of the class probabilities at several sizes, in torch and fp32.

    Args:
        model: In evaluation mode; moved to the device.
        network_hw: Size at scale 1; one near the picture's own if not given.
        scales: Of that size, which is rounded to steps of 32.
        flip: Add each size's mirrored picture.
        device: ``cpu`` or ``cuda:N``.
    """
    model = model.to(torch.device(device)).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def predict(picture: Picture, labels_hw: tuple[int, int]) -> Labels:
        height, width = network_hw or _enlarged(picture)
        num_classes = model.num_classes
        total = torch.zeros(1, num_classes, *labels_hw, device=device)  # (1, K, H, W)
        for scale in scales:
            size_hw = _rounded(height * scale), _rounded(width * scale)
            seen = torch.from_numpy(_resize(picture, size_hw)).to(device)
            pixels = seen.permute(2, 0, 1)[None].float()  # (1, 3, h, w)
            for is_mirrored in (False, True) if flip else (False,):
                scores = model(pixels.flip(3) if is_mirrored else pixels)
                full = upsample_scores(scores, model.score_grid, size_hw, labels_hw)
                total += (full.flip(3) if is_mirrored else full).softmax(1)
        return total.argmax(1)[0].to(torch.uint8).cpu().numpy()  # (H, W)

    return predict


def _resize(picture: Picture, size_hw: tuple[int, int]) -> Picture:
    if picture.shape[:2] == size_hw:
        return picture
    shrinks = size_hw[0] < picture.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size_hw[::-1], interpolation=how), np.uint8)


def _enlarged(picture: Picture) -> tuple[int, int]:
    """Choose 4/3 of the picture's size, in steps of 32.

    CamVid's val pictures, 480x360, score best there: .722 at their own size and .726
    at 640x480 with the embedded weights; those before them fell again at 704x512.
    """
    height, width = picture.shape[:2]
    return _rounded(height * 4 / 3), _rounded(width * 4 / 3)


def _rounded(pixels: float) -> int:
    return max(1, round(pixels / _STEP)) * _STEP
