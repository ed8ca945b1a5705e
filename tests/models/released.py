"""The networks of the release, by their published descriptions.

Built layer by layer from voc-fcn*/train.prototxt, with its names, which are those of
pytorch-fcn too: pooling rounds up, deconvolutions are dense and unpadded, crops are 19;
5 and 27; 5, 9 and 31.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Weights", "assert_same", "released_scores"]

MEAN_BGR = 104.00699, 116.66877, 122.67892  # voc-fcn*/net.py

Weights = dict[str, Tensor]


def released_scores(
    weights: Weights, pictures: Tensor, stride: int, *, at_once: bool = False
) -> Tensor:
    """Compute what a released network gives, to full size."""
    x = pictures[:, [2, 1, 0]] - torch.tensor(MEAN_BGR)[:, None, None]
    pools = []
    for block, num_convs in enumerate((2, 2, 3, 3, 3), start=1):
        for index in range(1, num_convs + 1):
            padding = 100 if (block, index) == (1, 1) else 1
            x = conv(weights, f"conv{block}_{index}", x, padding).relu()
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pools.append(x)
    x = conv(weights, "fc7", conv(weights, "fc6", x).relu()).relu()
    score = conv(weights, "score_fr", x)
    if stride == 32:
        return last_step(weights, "upscore", score, 32, 19, pictures)
    pool4 = pools[3] * 0.01 if at_once else pools[3]
    upscore2 = F.conv_transpose2d(score, weights["upscore2.weight"], stride=2)
    skip = conv(weights, "score_pool4", pool4)
    score = upscore2 + crop(skip, 5, upscore2)
    if stride == 16:
        return last_step(weights, "upscore16", score, 16, 27, pictures)
    pool3 = pools[2] * 0.0001 if at_once else pools[2]
    upscore4 = F.conv_transpose2d(score, weights["upscore_pool4.weight"], stride=2)
    skip = conv(weights, "score_pool3", pool3)
    score = upscore4 + crop(skip, 9, upscore4)
    return last_step(weights, "upscore8", score, 8, 31, pictures)


def conv(weights: Weights, name: str, x: Tensor, padding: int = 0) -> Tensor:
    """Apply a convolution by its name."""
    return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], 1, padding)


def crop(x: Tensor, margin: int, like: Tensor) -> Tensor:
    """Cut a margin at the top left, and the rest to the size of another."""
    height, width = like.shape[2:]
    return x[:, :, margin : margin + height, margin : margin + width]


def last_step(
    weights: Weights, name: str, score: Tensor, stride: int, margin: int, like: Tensor
) -> Tensor:
    """Deconvolve to full size."""
    full = F.conv_transpose2d(score, weights[f"{name}.weight"], stride=stride)
    return crop(full, margin, like)


def assert_same(found: Tensor, expected: Tensor) -> None:
    """Let scores differ by rounding, and no pixel have another label."""
    assert found.shape == expected.shape
    assert (found - expected).norm() <= 1e-5 * expected.norm()
    assert found.argmax(1).equal(expected.argmax(1))
