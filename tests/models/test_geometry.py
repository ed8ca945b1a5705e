from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from maskstream.models.backbones import VGG, AlexNet
from maskstream.models.geometry import ScoreGrid, upsample_scores
from maskstream.pipeline.errors import ModelError
from tests.models.networks import narrow_paper_fcn

PIXELS = ScoreGrid(1, 0.0)


def test_a_tiling_grid_upsamples_as_torch_interpolates() -> None:
    """Offset -3.5 at stride 8 is bilinear interpolation without aligned corners."""
    scores = torch.randn(2, 3, 5, 7)

    full = upsample_scores(scores, ScoreGrid.tiling(8), (40, 56))

    expected = F.interpolate(scores, scale_factor=8, mode="bilinear")
    torch.testing.assert_close(full, expected)


def test_labels_of_another_size_than_the_picture_show_the_same_scene() -> None:
    """Scores of a reduced picture, wanted at the frame's size, align by cell edges."""
    scores = torch.randn(1, 3, 5, 7)

    full = upsample_scores(scores, ScoreGrid.tiling(8), (40, 56), (60, 70))

    expected = F.interpolate(scores, (60, 70), mode="bilinear")
    torch.testing.assert_close(full, expected)


def test_fading_scores_keep_their_labels() -> None:
    """Beyond the border all classes fade alike, so none overtakes another."""
    scores = torch.rand(1, 3, 5, 7)

    stays = upsample_scores(scores, ScoreGrid(8, -3.5), (40, 56))
    fades = upsample_scores(scores, ScoreGrid(8, -3.5, fades=True), (40, 56))

    assert not fades.equal(stays)
    assert fades.argmax(1).equal(stays.argmax(1))


@pytest.mark.parametrize(
    ("stride", "margins"), [(32, [19]), (16, [5, 27]), (8, [5, 9, 31])]
)
def test_vgg_crops_are_those_of_the_release(stride: int, margins: list[int]) -> None:
    """Nothing but kernels, strides and paddings leads to them."""
    model = narrow_paper_fcn(f"fcn{stride}s-vgg16-paper,upsampling=learned-all")

    found = [
        getattr(model, f"_{name}")
        for name in ("margin4", "margin3", "last_margin")
        if hasattr(model, f"_{name}")
    ]

    assert found == margins


def test_alexnet_crops_18_and_wants_an_odd_kernel() -> None:
    """A kernel of 64 would leave half a pixel (voc-fcn-alexnet has 63)."""
    fc6 = AlexNet(padding=100).grids[2].convolved(6)

    assert fc6.deconvolved(63, 32).margin_over(PIXELS) == 18
    with pytest.raises(ModelError, match=r"18\.5 samples apart"):
        fc6.deconvolved(64, 32).margin_over(PIXELS)


def test_cells_of_fc6_lie_where_the_release_has_them() -> None:
    """Cell i is centred at pixel 32 i + 12.5, with the border of 100."""
    fc6 = VGG(padding=100).grids[2].convolved(7)

    assert fc6 == ScoreGrid(32, -12.5)


def test_convolutions_move_samples_as_they_move_pictures() -> None:
    """The centre of mass of what one bright pixel makes lies where the grid says."""
    grid = PIXELS.convolved(5, 2, 1).convolved(2, 2).deconvolved(4, 2, 1)
    picture = torch.zeros(1, 1, 64, 1, dtype=torch.float64)
    picture[:, :, 31] = 1
    kernel = torch.ones(1, 1, 5, 1, dtype=torch.float64)

    x = F.conv2d(picture, kernel, stride=(2, 1), padding=(1, 0))
    x = F.avg_pool2d(x, (2, 1))
    up = torch.ones(1, 1, 4, 1, dtype=torch.float64)
    x = F.conv_transpose2d(x, up, stride=(2, 1), padding=(1, 0)).flatten()

    found = (x * torch.arange(x.numel())).sum() / x.sum()
    expected = grid.positions(64, 64)[31]
    assert abs(found - expected) <= 0.5
