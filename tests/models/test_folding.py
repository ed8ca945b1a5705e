from __future__ import annotations

import logging

import pytest
import torch
from torch import Tensor, nn

from maskstream.models.architecture import Architecture
from maskstream.models.backbones import Backbone, Colours, Features, build_backbone
from maskstream.models.backbones.base import Spread
from maskstream.models.fcn import FCN
from maskstream.models.folding import folded
from maskstream.models.heads import Scale
from tests.models.networks import (
    NUM_CLASSES,
    NarrowVGG,
    TinyBackbone,
    tiny_fcn,
    unsettle_norms,
)


def trained(model: FCN) -> FCN:
    """Make a network as after training, ready to label."""
    torch.manual_seed(0)
    unsettle_norms(model)
    return model.eval()


def error(model: FCN, network: FCN) -> float:
    """Tell how far two networks differ, by the norm of the first one's scores."""
    pictures = torch.rand(1, 3, 40, 56).to(model.backbone.mean) * 255
    with torch.inference_mode():
        expected, found = model(pictures), network(pictures)
    return float((found - expected).norm() / expected.norm())


def kinds(network: FCN) -> set[type[nn.Module]]:
    """Return the kinds of layers that a network has."""
    return {type(layer) for layer in network.modules()}


@pytest.mark.parametrize("colours", Colours)
def test_batch_norms_and_colours_fold_exactly(colours: Colours) -> None:
    """Neither is left, and the zero border still stands for the mean colour."""
    backbone = NarrowVGG(11, batch_norm=True, colours=colours)
    architecture = Architecture.parse("fcn8s-vgg11-slim")
    model = trained(FCN(backbone, architecture, NUM_CLASSES)).double()

    network = folded(model)

    assert not kinds(network) & {nn.BatchNorm2d, Spread}
    assert error(model, network) < 1e-12


@pytest.mark.parametrize("head", ["slim", "lecture"])
def test_at_once_scales_fold_exactly(head: str) -> None:
    """They scale what a skip reads and not its bias."""
    model = trained(tiny_fcn(f"fcn8s-atonce-tiny-{head}")).double()

    network = folded(model)

    assert Scale in kinds(model)
    assert Scale not in kinds(network)
    assert error(model, network) < 1e-12


@pytest.mark.parametrize("head", ["lecture", "paper"])
def test_dense_layers_without_relu_are_one(head: str) -> None:
    """Fc6, fc7 and the scores become one convolution with the window of fc6."""
    backbone = NarrowVGG(11, padding=100) if head == "paper" else TinyBackbone()
    architecture = Architecture.parse(f"fcn32s-any-{head},relu=no")
    model = trained(FCN(backbone, architecture, NUM_CLASSES)).double()

    network = folded(model)

    side = 7 if head == "paper" else 1
    channels = backbone.channels[-1]
    assert network.score_fr.weight.shape == (NUM_CLASSES, channels, side, side)
    assert not list(network.fc6.parameters())
    assert error(model, network) < 1e-12


def test_dense_layers_with_relu_stay() -> None:
    """A ReLU between two layers makes them two."""
    network = folded(tiny_fcn("fcn32s-tiny-lecture"))

    assert nn.ReLU in kinds(network)
    assert network.score_fr.in_channels == 4096


def test_the_original_is_left_as_it_is() -> None:
    """Training goes on with the network that was folded."""
    model = tiny_fcn("fcn8s-atonce-tiny-slim").train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    folded(model)

    assert model.training
    assert all(before[name].equal(now) for name, now in model.state_dict().items())


class SharingBackbone(TinyBackbone):
    """One convolution whose result is normalised twice, differently."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(4, affine=True) for _ in range(2))

    def features(self, x: Tensor) -> Features:
        """Compute one map for each stride."""
        x = self.conv3(x)
        pool3 = self.norms[0](x) + self.norms[1](x)
        pool4 = self.conv4(pool3)
        return pool3, pool4, self.conv5(pool4)


def test_what_would_change_the_scores_is_not_folded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A convolution that two norms read cannot hold both; the log says so."""
    caplog.set_level(logging.INFO)
    architecture = Architecture.parse("fcn8s-tiny-slim")
    model = trained(FCN(SharingBackbone(), architecture, NUM_CLASSES))

    network = folded(model)

    assert error(model, network) == 0
    assert "nothing is folded" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["lite0", "resnet18", "googlenet", "mobilenet_v3_small", "timm:regnety_002"]
)
def test_trunks_of_others_fold_exactly(name: str) -> None:
    """Their norms, with and without an activation of their own, all go."""
    backbone: Backbone = build_backbone(name)
    model = trained(FCN(backbone, Architecture.parse("fcn8s-any-slim"), NUM_CLASSES))

    network = folded(model)

    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    assert error(model, network) < 1e-5  # in float32: their layers crawl in float64
