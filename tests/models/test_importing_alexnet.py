"""torchvision's AlexNet as a member of the family, against torchvision itself."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from maskstream.models.architecture import Architecture
from maskstream.models.backbones.alexnet import AlexNet
from maskstream.models.fcn import FCN
from maskstream.models.importing.formats import recognise
from maskstream.models.importing.match import match
from maskstream.models.importing.target import open_target

NUM_IMAGENET = 1000
PADDING = 2  # of torchvision's first convolution
POOLS = 2, 5, 12  # places of the pools among torchvision's layers


def test_features_are_those_of_torchvision() -> None:
    """All three pools, of a picture of the size that AlexNet is for."""
    import torchvision

    torch.manual_seed(0)
    with torch.device("meta"):
        classifier = torchvision.models.alexnet(weights=None)
    theirs = classifier.features.to_empty(device="cpu")
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.02)
    ours = AlexNet("alexnet_torchvision", padding=PADDING)
    ours.load_pretrained(
        {f"features.{name}": tensor for name, tensor in theirs.state_dict().items()}
    )
    pictures = torch.rand(1, 3, 224, 224) * 255

    with torch.inference_mode():
        x = ours.normalise(pictures)
        features = ours.features(x)
        expected = [theirs[: place + 1](x) for place in POOLS]

    for found, wanted in zip(features, expected, strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.slow
def test_one_cell_of_the_network_is_the_classifier() -> None:
    """Dense layers of 4096x9216 and 4096x4096, as convolutions of 6x6 and 1x1."""
    import torchvision

    torch.manual_seed(0)
    classifier = torchvision.models.alexnet(weights=None).eval()
    weights = classifier.state_dict()
    recognised = recognise(weights)
    assert recognised is not None
    name, plan = recognised
    found = match(weights, plan, open_target(plan.target, NUM_IMAGENET))
    backbone = AlexNet("alexnet_torchvision", padding=PADDING)
    model = FCN(backbone, Architecture.parse(plan.target), NUM_IMAGENET).eval()
    model.load_state_dict(found.taken)
    pictures = torch.rand(1, 3, 224, 224) * 255

    with torch.inference_mode():
        scores = model(pictures)
        expected = classifier(model.backbone.normalise(pictures))

    assert name == "torchvision AlexNet"
    assert plan.target == "fcn32s-alexnet_torchvision-paper"
    assert not found.unused
    assert scores.shape == (1, NUM_IMAGENET, 1, 1)
    torch.testing.assert_close(scores.flatten(1), expected)
