"""torchvision's VGG, a random one, computes the same when it is imported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision.models import vgg as theirs

from maskstream.models.backbones import build_backbone
from maskstream.models.build import build_model
from tests.models.networks import unsettle_norms
from tests.models.weight_files import narrow_vgg, read

NARROWED = 8  # times, as `narrow_vgg` does


@pytest.fixture(autouse=True)
def _narrow() -> Iterator[None]:
    with narrow_vgg():
        yield


def narrow_features(layers: str, *, batch_norm: bool) -> nn.Sequential:
    """Let torchvision's own builder make an eighth of the channels."""
    torch.manual_seed(0)
    plan = [
        width if isinstance(width, str) else width // NARROWED
        for width in theirs.cfgs[layers]
    ]
    features: nn.Sequential = theirs.make_layers(plan, batch_norm)
    unsettle_norms(features)
    features.eval()
    return features


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layers", "batch_norm"),
    [
        ("vgg11", "A", False),
        ("vgg13", "B", False),
        ("vgg16", "D", False),
        ("vgg19", "E", False),
        ("vgg16_bn", "D", True),
    ],
)
def test_features_are_those_of_torchvision(
    name: str, layers: str, batch_norm: bool, tmp_path: Path
) -> None:
    """No convolution is another's, though several have the same shape."""
    features = narrow_features(layers, batch_norm=batch_norm)
    tensors = {f"features.{key}": t for key, t in features.state_dict().items()}
    pictures = torch.randn(1, 3, 64, 64)

    imported = read(tensors, tmp_path)
    trunk = build_backbone(name)
    trunk.load_state_dict(
        {
            key.removeprefix("backbone."): tensor
            for key, tensor in imported.match.taken.items()
        }
    )

    expected = features(pictures)
    assert expected.std() > 1e-3
    *_, pool5 = trunk.eval().features(pictures)
    assert torch.allclose(pool5, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_dense_layers_score_one_window_as_torchvision_does(tmp_path: Path) -> None:
    """Made convolutions, on features of 7x7 they are the classifier."""
    model = theirs.VGG(narrow_features("A", batch_norm=False), 5, init_weights=False)
    model.eval().classifier[0] = nn.Linear(512 // NARROWED * 7 * 7, 4096)
    features = torch.randn(2, 512 // NARROWED, 7, 7)

    imported = read(model.state_dict(), tmp_path)
    network = build_model("fcn32s-vgg11-paper,colours=imagenet", 5).eval()
    network.load_state_dict(dict(imported.match.taken), strict=False)

    expected = model.classifier(features.flatten(1))  # (2, 5)
    scores = network.score_fr(network.fc7(network.fc6(features)))  # (2, 5, 1, 1)
    assert expected.std() > 1e-3
    assert torch.allclose(scores[..., 0, 0], expected, rtol=1e-4, atol=1e-5)
