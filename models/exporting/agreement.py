"""How far the labels of an export are those of the network that it came of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from maskstream.models.exporting.format import Labelling
from maskstream.models.fcn import FCN
from maskstream.models.upsample import labels_from_scores_torch

__all__ = ["Agreement", "measure_agreement"]

Pictures = NDArray[np.uint8]  # (N, H, W, 3) RGB


@dataclass(frozen=True, slots=True)
class Agreement:
    """Shares of pixels with equal labels."""

    mean: float
    worst: float
    """Of one batch."""
    num_pictures: int


def measure_agreement(
    network: FCN,
    label: Labelling,
    pictures: Sequence[NDArray[np.uint8]],
    multiple: int = 1,
) -> Agreement:
    """Label pictures in both and compare, alone, as a batch and at an odd size.

    Args:
        network: as loaded, in evaluation mode.
        label: the export, in its own runtime.
        pictures: (H, W, 3) RGB each, at least one.
        multiple: of sizes that the export takes.
    """
    shares = [
        float((label(batch) == _reference(network, batch)).mean())
        for batch in _batches(pictures, multiple)
    ]
    return Agreement(float(np.mean(shares)), min(shares), len(pictures))


def _batches(
    pictures: Sequence[NDArray[np.uint8]], multiple: int
) -> Iterator[Pictures]:
    first = pictures[0]
    height, width = first.shape[:2]
    for picture in pictures:
        yield _crop(picture, picture.shape[0], picture.shape[1], multiple)
    whole = _crop(first, height, width, multiple)
    yield np.concatenate([whole, whole[:, :, ::-1]])  # two that differ
    yield _crop(first, height * 2 // 3 + 1, width * 3 // 4 + 1, multiple)


def _crop(
    picture: NDArray[np.uint8], height: int, width: int, multiple: int
) -> Pictures:
    """Cut to a size that the export takes, as a batch of one."""
    height, width = (side // multiple * multiple for side in (height, width))
    return np.ascontiguousarray(picture[None, :height, :width])


def _reference(network: FCN, pictures: Pictures) -> NDArray[np.uint8]:
    """Label as the engines here do, whose last step is another than the export's."""
    _, height, width, _ = pictures.shape
    size_hw = (height, width)
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        labels = labels_from_scores_torch(
            network(x), network.score_grid, size_hw, height, width
        )
    return labels.numpy()
