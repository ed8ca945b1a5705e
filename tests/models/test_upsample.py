from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskstream.models import upsample
from maskstream.models.geometry import ScoreGrid, upsample_scores
from maskstream.models.upsample import (
    labels_from_scores,
    labels_from_scores_torch,
    prepare_kernel,
)
from maskstream.pipeline.errors import ModelError

TILED = ScoreGrid(stride=8, offset=-3.5)
PAPER = ScoreGrid(stride=8, offset=23.5)

Case = tuple[NDArray[np.float32], ScoreGrid, tuple[int, int], int, int]


@pytest.fixture(autouse=True, scope="module")
def kernel() -> None:
    """Compile before the first test is timed."""
    prepare_kernel()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Maps of any shape, on either grid, for networks and frames of any size."""
    num_classes, h, w = (draw(st.integers(1, most)) for most in (7, 6, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.standard_normal((num_classes, h, w)).astype(np.float32)
    if draw(st.booleans()):  # one class wins many cells, as in real maps
        scores[draw(st.integers(0, num_classes - 1))] += 1
    network_size_hw = draw(st.integers(1, 8 * h)), draw(st.integers(1, 8 * w))
    grid = draw(st.sampled_from([TILED, PAPER]))
    return (
        scores,
        grid,
        network_size_hw,
        draw(st.integers(1, 70)),
        draw(st.integers(1, 70)),
    )


def exact_scores(case: Case) -> NDArray[np.float64]:
    """Upsample in float64; (K, height, width)."""
    scores, grid, network_size_hw, height, width = case
    full = upsample_scores(
        torch.from_numpy(scores).double()[None], grid, network_size_hw, (height, width)
    )
    return full[0].numpy()


def is_clear(full: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say where the two best of (K, H, W) scores differ by 1e-4 of the largest."""
    if full.shape[0] == 1:
        return np.ones(full.shape[1:], bool)
    second, best = np.sort(full, axis=0)[-2:]
    return np.asarray(best - second > 1e-4 * np.abs(full).max())


@given(cases())
@settings(max_examples=30, deadline=None)
def test_labels_are_those_of_the_bilinear_map(case: Case) -> None:
    """Labels equal bilinear upsampling and arg-max wherever the best class is clear."""
    full = exact_scores(case)

    labels = labels_from_scores(*case)

    clear = is_clear(full)
    np.testing.assert_array_equal(labels[clear], full.argmax(0)[clear])


@given(cases())
@settings(max_examples=20, deadline=None)
def test_both_functions_give_the_same_labels(case: Case) -> None:
    """Torch and the kernel differ only where two classes are nearly equal."""
    grid, network_size_hw, height, width = case[1:]

    labels = labels_from_scores_torch(
        torch.from_numpy(case[0])[None], grid, network_size_hw, height, width
    )[0]

    differs = labels.numpy() != labels_from_scores(*case)
    assert not (differs & is_clear(exact_scores(case))).any()


def test_the_lowest_class_wins_a_tie(rng: np.random.Generator) -> None:
    """Where float arithmetic is exact, labels equal the arg-max at every pixel."""
    # Small whole scores, and weights that are sixteenths: nothing is rounded.
    scores = rng.integers(-1, 2, (4, 20, 30)).astype(np.float32)
    case = scores, TILED, (160, 240), 160, 240

    labels = labels_from_scores(*case)

    np.testing.assert_array_equal(labels, exact_scores(case).argmax(0))


def test_equal_frames_of_a_batch_are_labelled_together() -> None:
    """Each picture of a batch gets its own map, and bands of rows leave no seam."""
    scores = torch.randn(3, 4, 5, 6, generator=torch.Generator().manual_seed(0))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upsample, "_BAND_SCORES", 3 * 4 * 51 * 7)  # seven rows
        labels = labels_from_scores_torch(scores, TILED, (40, 48), 39, 51)

    singly = [
        labels_from_scores(one.numpy(), TILED, (40, 48), 39, 51) for one in scores
    ]
    assert labels.dtype == torch.uint8
    np.testing.assert_array_equal(labels.numpy(), np.stack(singly))


def test_scores_of_half_precision_and_any_layout_are_taken() -> None:
    """Scores may be bf16 on a device, and any strided view on the CPU."""
    scores = torch.randn(1, 3, 4, 4).to(memory_format=torch.channels_last).bfloat16()
    wide = scores.float()

    labels = labels_from_scores_torch(scores, TILED, (32, 32), 32, 32)

    np.testing.assert_array_equal(
        labels[0], labels_from_scores(wide[0].numpy(), TILED, (32, 32), 32, 32)
    )


def test_labels_fill_the_array_that_is_given() -> None:
    """With `out`, nothing is allocated and the same array comes back."""
    scores = np.zeros((2, 3, 3), np.float32)
    scores[1] = 1
    out = np.full((20, 30), 9, np.uint8)

    labels = labels_from_scores(scores, TILED, (24, 24), 20, 30, out)

    assert labels is out
    assert (out == 1).all()


def test_more_classes_than_a_label_can_name_are_refused() -> None:
    """257 classes do not fit into a byte, and both functions say so."""
    scores = np.zeros((257, 1, 1), np.float32)

    with pytest.raises(ModelError, match="257 classes"):
        labels_from_scores(scores, TILED, (8, 8), 8, 8)
    with pytest.raises(ModelError, match="257 classes"):
        labels_from_scores_torch(torch.from_numpy(scores)[None], TILED, (8, 8), 8, 8)
