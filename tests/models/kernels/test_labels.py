"""Labels from scores in Triton, against exact bilinear sampling."""

from __future__ import annotations

import pytest
import torch

from maskstream.models.geometry import ScoreGrid, upsample_scores
from maskstream.models.kernels.labels import labels_on_device
from maskstream.models.upsample import labels_from_scores_torch
from maskstream.pipeline.errors import ModelError
from tests.models.kernels.triton_device import DEVICE
from tests.required import need_module

need_module("triton")
from maskstream.models.kernels.labels_triton import labels_from_scores_triton  # noqa: E402, needs it

TILED = ScoreGrid(stride=8, offset=-3.5)
PAPER = ScoreGrid(stride=8, offset=23.5)


@pytest.mark.slow
@pytest.mark.parametrize("grid", [TILED, PAPER])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("network_hw", "frame_hw"),
    [((40, 56), (31, 45)), ((24, 20), (9, 150)), ((8, 8), (3, 5))],
)
def test_triton_labels_as_the_bilinear_map_says(
    grid: ScoreGrid,
    dtype: torch.dtype,
    network_hw: tuple[int, int],
    frame_hw: tuple[int, int],
) -> None:
    """Where the best class is clear the label is its, and the twin says the same."""
    torch.manual_seed(0)
    h, w = (side // 8 + (8 if grid is PAPER else 0) for side in network_hw)
    scores = torch.randn(2, 6, h, w, device=DEVICE).to(dtype)
    scores = scores.to(memory_format=torch.channels_last)

    labels = labels_from_scores_triton(scores, grid, network_hw, *frame_hw)

    full = upsample_scores(scores.double(), grid, network_hw, frame_hw)
    best, second = full.topk(2, dim=1).values.unbind(1)
    is_clear = best - second > 1e-4 * full.abs().max()
    twin = labels_from_scores_torch(scores, grid, network_hw, *frame_hw)
    assert labels.shape == (2, *frame_hw)
    assert torch.equal(labels[is_clear], full.argmax(1).byte()[is_clear])
    assert torch.equal(labels[is_clear], twin[is_clear])


def test_the_lowest_class_wins_a_tie_in_triton() -> None:
    """As in all other forms of this step."""
    scores = torch.zeros(1, 3, 2, 2, device=DEVICE)

    labels = labels_from_scores_triton(scores, TILED, (16, 16), 4, 4)

    assert not labels.any()


def test_where_triton_cannot_run_its_twin_does() -> None:
    """A tensor on the CPU is labelled there, and the same is refused."""
    scores = torch.randn(1, 4, 3, 3)

    labels = labels_on_device(scores, TILED, (24, 24), 24, 24)

    wanted = labels_from_scores_torch(scores, TILED, (24, 24), 24, 24)
    assert torch.equal(labels, wanted)
    with pytest.raises(ModelError, match="257 classes"):
        labels_from_scores_triton(torch.zeros(1, 257, 2, 2), TILED, (16, 16), 4, 4)
