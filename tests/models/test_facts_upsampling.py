"""Transposed convolutions and bilinear upsampling: facts that the code relies on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from maskstream.models.geometry import ScoreGrid, upsample_scores
from maskstream.models.upsample import labels_from_scores
from maskstream.models.upscore import Deconvolution


def deconvolve(scores: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
    """Upsample (1, K, h, w) scores with the network's own layer, as it starts."""
    layer = Deconvolution(scores.shape[1], kernel, stride, padding, learned=True)
    with torch.inference_mode():
        upsampled: Tensor = layer.to(scores.dtype)(scores)
    return upsampled


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "side"),
    [(2, 1, 0, 4), (2, 1, 1, 2), (3, 1, 0, 5), (3, 1, 1, 3), (2, 2, 0, 6)],
)
def test_what_comes_of_three_samples(
    kernel: int, stride: int, padding: int, side: int
) -> None:
    """(i - 1) s + k - 2 p, and the layer counts as it computes."""
    scores = torch.ones(1, 3, 3, 3)

    upsampled = deconvolve(scores, kernel, stride, padding)

    layer = Deconvolution(3, kernel, stride, padding, learned=True)
    assert upsampled.shape == (1, 3, side, side)
    assert layer.count(3) == side


def test_two_by_two_by_hand() -> None:
    """Each sample pays its kernel in; where kernels overlap they add up."""
    square = torch.tensor([[0.0, 1.0], [2.0, 3.0]])[None, None]

    found = F.conv_transpose2d(square, square)

    assert found[0, 0].tolist() == [[0, 0, 1], [0, 4, 6], [4, 12, 9]]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_it_is_a_convolution_of_samples_spread_apart(stride: int, padding: int) -> None:
    """With s - 1 zeros between samples, k - p - 1 around, and the kernel turned."""
    samples = torch.randn(1, 1, 4, 4, dtype=torch.float64)
    kernel = torch.randn(1, 1, 3, 3, dtype=torch.float64)
    spread = samples.new_zeros(1, 1, 3 * stride + 1, 3 * stride + 1)
    spread[..., ::stride, ::stride] = samples

    found = F.conv2d(F.pad(spread, [3 - padding - 1] * 4), kernel.flip(2, 3))

    expected = F.conv_transpose2d(samples, kernel, stride=stride, padding=padding)
    torch.testing.assert_close(found, expected)


def test_its_matrix_is_that_of_the_convolution_transposed() -> None:
    """4x4 by 3x3 is a 4x16 matrix; transposed it brings back the size, not the values.

    So the gradient of the one is the other.
    """
    kernel = torch.randn(1, 1, 3, 3, dtype=torch.float64)
    units = torch.eye(16, dtype=torch.float64).view(16, 1, 4, 4)
    matrix = F.conv2d(units, kernel).flatten(1).T  # (4, 16)
    picture = torch.randn(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    small = F.conv2d(picture, kernel)  # (1, 1, 2, 2)

    restored = F.conv_transpose2d(small, kernel)

    torch.testing.assert_close(restored.flatten(), matrix.T @ small.flatten())
    (gradient,) = torch.autograd.grad(small, picture, small)
    torch.testing.assert_close(gradient, restored)
    assert restored.shape == picture.shape
    assert not restored.allclose(picture)


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("stride", [2, 3])
def test_kernels_that_overlap_unevenly_leave_a_checkerboard(
    kernel: int, stride: int
) -> None:
    """Constant samples stay constant inside if the stride divides the kernel."""
    uniform = torch.ones(1, 1, kernel, kernel)

    found = F.conv_transpose2d(torch.ones(1, 1, 8, 8), uniform, stride=stride)

    inside = found[..., kernel:-kernel, kernel:-kernel]
    assert (inside.min() == inside.max()) == (kernel % stride == 0)


@pytest.mark.parametrize("stride", [2, 8, 16, 32])
def test_twice_the_stride_upsamples_bilinearly(stride: int) -> None:
    """Interpolation inside, and everywhere once the border is repeated.

    Without that, scores fade towards the border, as `upsample_scores` can have it.
    """
    scores = torch.randn(1, 2, 4, 5, dtype=torch.float64)
    kernel, half = 2 * stride, stride // 2

    found = deconvolve(scores, kernel, stride, half)
    repeated = deconvolve(F.pad(scores, [1] * 4, "replicate"), kernel, stride, half)

    expected = F.interpolate(scores, scale_factor=stride, mode="bilinear")
    inside = slice(half, -half)
    torch.testing.assert_close(
        found[..., inside, inside], expected[..., inside, inside]
    )
    torch.testing.assert_close(repeated[..., stride:-stride, stride:-stride], expected)
    assert not found.allclose(expected)
    grid = ScoreGrid(stride, -(stride - 1) / 2, fades=True)
    size_hw = (4 * stride, 5 * stride)
    torch.testing.assert_close(found, upsample_scores(scores, grid, size_hw))


def test_two_steps_of_upsampling_are_not_one() -> None:
    """FCN-16s whose skip says nothing is not FCN-32s: by 2 and by 16 cuts corners.

    They agree in the middle half of each segment between samples, along both sides.
    """
    scores = torch.randn(1, 1, 6, 6, dtype=torch.float64)

    once = deconvolve(scores, 64, 32, 16)
    twice = deconvolve(deconvolve(scores, 4, 2, 1), 32, 16, 8)

    inside = slice(48, -48)  # whole segments, away from the border
    equal = (once - twice).abs()[0, 0, inside, inside] < 1e-12
    assert equal.double().mean() == pytest.approx(0.25)


def test_scores_can_be_made_before_upsampling() -> None:
    """A 1x1 convolution and bilinear interpolation commute, bias included."""
    features = torch.randn(1, 8, 5, 6, dtype=torch.float64)
    weight = torch.randn(3, 8, 1, 1, dtype=torch.float64)
    bias = torch.randn(3, dtype=torch.float64)

    small_first = F.interpolate(
        F.conv2d(features, weight, bias), scale_factor=8, mode="bilinear"
    )

    large = F.interpolate(features, scale_factor=8, mode="bilinear")
    torch.testing.assert_close(small_first, F.conv2d(large, weight, bias))


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_a_learned_deconvolution_is_a_small_convolution_shuffled(stride: int) -> None:
    """Of 2x2 samples, to s * s pixels for each class."""
    scores = torch.randn(1, 3, 4, 5, dtype=torch.float64)
    weight = torch.randn(3, 3, 2 * stride, 2 * stride, dtype=torch.float64)
    taps = weight.view(3, 3, 2, stride, 2, stride).flip(2, 4)
    small = taps.permute(1, 3, 5, 0, 2, 4).reshape(3 * stride**2, 3, 2, 2)

    found = F.pixel_shuffle(F.conv2d(scores, small, padding=1), stride)

    expected = F.conv_transpose2d(scores, weight, stride=stride)
    torch.testing.assert_close(found, expected)


def test_a_class_that_wins_at_no_corner_can_win_inside() -> None:
    """Second to one class on the left and to another on the right, first between."""
    scores = np.zeros((3, 2, 2), np.float32)
    scores[0, :, 0] = scores[1, :, 1] = 10
    scores[2] = 6

    labels = labels_from_scores(scores, ScoreGrid.tiling(8), (16, 16), 16, 16)

    nearest = scores.argmax(0).repeat(8, 0).repeat(8, 1)
    assert set(nearest.ravel()) == {0, 1}
    assert labels[8].tolist() == [0] * 7 + [2] * 2 + [1] * 7
