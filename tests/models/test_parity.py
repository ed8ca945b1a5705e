"""The paper's forms against the published descriptions of the release.

Built layer by layer from voc-fcn*/train.prototxt: pooling rounds up, deconvolutions are
dense and unpadded, crops are 19; 5 and 27; 5, 9 and 31.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from maskstream.models.geometry import upsample_scores
from maskstream.models.upscore import bilinear_kernel
from tests.models.networks import NUM_CLASSES, narrow_paper_fcn

SIZES_HW = [(1, 1), (32, 32), (65, 97), (100, 75)]

Weights = dict[str, Tensor]


def released_scores(
    weights: Weights, pictures: Tensor, stride: int, *, at_once: bool = False
) -> Tensor:
    """Compute what a released network gives, to full size."""
    mean_bgr = torch.tensor([103.939, 116.779, 123.68])[:, None, None]
    x = pictures[:, [2, 1, 0]] - mean_bgr
    pools = []
    for block, num_convs in enumerate((2, 2, 3, 3, 3), start=1):
        for index in range(1, num_convs + 1):
            padding = 100 if (block, index) == (1, 1) else 1
            x = conv(weights, f"backbone.conv{block}_{index}", x, padding).relu()
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pools.append(x)
    x = conv(weights, "fc7.0", conv(weights, "fc6.0", x).relu()).relu()
    score = conv(weights, "score_fr", x)
    if stride == 32:
        return last_step(weights, score, 32, 19, pictures)
    pool4 = pools[3] * 0.01 if at_once else pools[3]
    upscore2 = F.conv_transpose2d(score, weights["upscore2.weight"], stride=2)
    skip = conv(weights, "score_pool4", pool4)
    score = upscore2 + crop(skip, 5, upscore2)
    if stride == 16:
        return last_step(weights, score, 16, 27, pictures)
    pool3 = pools[2] * 0.0001 if at_once else pools[2]
    upscore4 = F.conv_transpose2d(score, weights["upscore_pool4.weight"], stride=2)
    skip = conv(weights, "score_pool3", pool3)
    score = upscore4 + crop(skip, 9, upscore4)
    return last_step(weights, score, 8, 31, pictures)


def conv(weights: Weights, name: str, x: Tensor, padding: int = 0) -> Tensor:
    """Apply a convolution by its name."""
    return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], 1, padding)


def crop(x: Tensor, margin: int, like: Tensor) -> Tensor:
    """Cut a margin at the top left, and the rest to the size of another."""
    height, width = like.shape[2:]
    return x[:, :, margin : margin + height, margin : margin + width]


def last_step(
    weights: Weights, score: Tensor, stride: int, margin: int, pictures: Tensor
) -> Tensor:
    """Deconvolve to full size, with learned weights where there are any."""
    dense = weights.get("upscore.weight")
    if dense is None:
        dense = torch.zeros(NUM_CLASSES, NUM_CLASSES, 2 * stride, 2 * stride)
        dense[range(NUM_CLASSES), range(NUM_CLASSES)] = bilinear_kernel(2 * stride)
    return crop(F.conv_transpose2d(score, dense, stride=stride), margin, pictures)


@pytest.mark.slow
@pytest.mark.parametrize("size_hw", SIZES_HW)
@pytest.mark.parametrize(
    "name",
    [
        "fcn32s-vgg16-paper",
        "fcn16s-vgg16-paper",
        "fcn8s-vgg16-paper",
        "fcn8s-atonce-vgg16-paper",
        "fcn32s-vgg16-paper,upsampling=learned-all",
        "fcn16s-vgg16-paper,upsampling=learned-all",
        "fcn8s-vgg16-paper,upsampling=learned-all",
    ],
)
def test_the_paper_form_is_the_released_network(
    name: str, size_hw: tuple[int, int]
) -> None:
    """Scores differ by rounding, and every pixel has the same label."""
    model = narrow_paper_fcn(name)
    pictures = torch.rand(1, 3, *size_hw) * 255

    with torch.inference_mode():
        expected = released_scores(
            dict(model.state_dict()), pictures, _stride(name), at_once="atonce" in name
        )
        full = upsample_scores(model(pictures), model.score_grid, size_hw)

    assert full.shape == (1, NUM_CLASSES, *size_hw)
    assert (full - expected).norm() <= 1e-5 * expected.norm()
    assert full.argmax(1).equal(expected.argmax(1))


def _stride(name: str) -> int:
    return int(name.removeprefix("fcn").partition("s")[0])
