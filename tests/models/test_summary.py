from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from maskstream.models.receptive_field import receptive_field
from maskstream.models.summary import MEMBERS, summarise
from maskstream.pipeline.errors import ModelError

# Analytic counts for 19 classes with the last deconvolution among the weights.
PUBLISHED = [
    ("fcn8s-vgg16-paper,upsampling=learned-all", (512, 1024), 134.46, 669.6),
    ("fcn8s-vgg16-paper,upsampling=learned-all", (720, 1280), 134.46, 1062.1),
    ("fcn8s-vgg16-lecture,upsampling=learned-all", (512, 1024), 33.79, 341.8),
    ("fcn8s-vgg16-lecture,upsampling=learned-all", (736, 1280), 33.79, 614.1),
    ("fcn8s-resnet50-torchvision", (512, 1024), 32.96, 553.5),
    ("fcn8s-resnet101-torchvision", (512, 1024), 51.95, 863.8),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size_hw", "millions", "gflop"), PUBLISHED)
def test_costs_are_those_of_the_layers(
    name: str, size_hw: tuple[int, int], millions: float, gflop: float
) -> None:
    """Parameters and operations equal the sums over the published layers."""
    summary = summarise(name, 19, size_hw)

    assert summary.parameters / 1e6 == pytest.approx(millions, abs=0.006)
    assert summary.gflop == pytest.approx(gflop, abs=0.06)


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("fcn32s-vgg16-paper", 404),
        ("fcn32s-alexnet-paper", 355),
        ("fcn8s-vgg16-lecture", 212),
    ],
)
def test_receptive_fields_are_those_of_the_paper(name: str, pixels: int) -> None:
    """Table 1 of the paper; a 1x1 fc6 adds nothing to VGG's own 212."""
    assert summarise(name, 21, (64, 64)).receptive_field == pixels


def attention(x: Tensor) -> Tensor:
    """Weigh all places for each place."""
    places = x.flatten(2)  # (N, C, H*W)
    return places @ (places.transpose(1, 2) @ places).softmax(2)


@pytest.mark.parametrize(
    "mix",
    [
        attention,
        nn.GroupNorm(1, 3, device="meta"),
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveAvgPool2d(2),
    ],
    ids=["attention", "group norm", "mean", "mean of quarters"],
)
def test_what_mixes_all_places_sees_the_whole_picture(
    mix: Callable[[Tensor], Tensor],
) -> None:
    """Such fields have no number, and widening them gives none."""
    assert receptive_field(mix) is None
    assert receptive_field(lambda x: torch.cat([mix(x).flatten(), x.flatten()])) is None


@pytest.mark.slow
def test_excitation_sees_the_whole_picture() -> None:
    """MobileNetV3 scales channels by their means over all places."""
    summary = summarise("fcn8s-mobilenet_v3_small-slim", 11, (64, 64))

    assert summary.receptive_field is None


def test_the_wider_branch_counts() -> None:
    """What is derived is what a damaged row reaches, one-sided padding included."""
    torch.manual_seed(0)
    wide = nn.Conv2d(3, 4, 5, stride=2, padding=2)
    narrow = nn.Conv2d(3, 4, 3, stride=2, padding=1)
    deep = nn.Conv2d(4, 4, 3, padding=2, dilation=2)

    def features(x: Tensor) -> Tensor:
        x = torch.cat([wide(x)[:, :2], narrow(x)[:, 2:]], 1)
        x = nn.functional.pad(deep(x).relu(), (0, 1, 0, 1))
        return nn.functional.avg_pool2d(nn.functional.max_pool2d(x, 2, 1), 3)

    pictures = torch.zeros(96, 3, 96, 16)
    pictures[range(96), :, range(96)] = torch.nan  # one damaged row in each
    reached = features(pictures)[:, :, 7].isnan().any((1, 2))  # (96,)
    for layer in (wide, narrow, deep):
        layer.to("meta")

    assert receptive_field(features) == reached.sum() == 19


def test_a_name_that_is_none_is_refused() -> None:
    """The sentence is that of `build_model`."""
    with pytest.raises(ModelError, match="no model is named 'fcn'"):
        summarise("fcn", 11, (64, 64))


@pytest.mark.slow
def test_the_docs_hold_what_is_counted() -> None:
    """Every row of the table of costs, and a row for every usual member."""
    page = Path(__file__).parents[2] / "docs" / "models.md"
    rows = re.findall(
        r"^\| `(fcn\S+)` \| ([\d.]+) \| ([\d.]+) \| (\d+|all) \|$",
        page.read_text(),
        re.MULTILINE,
    )

    summaries = [summarise(name, 19, (512, 1024)) for name in MEMBERS]

    assert rows == [
        (
            one.name,
            f"{one.parameters / 1e6:.2f}",
            f"{one.gflop:.1f}",
            str(one.receptive_field or "all"),
        )
        for one in summaries
    ]
