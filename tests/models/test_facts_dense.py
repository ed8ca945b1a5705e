"""Dense layers are convolutions: facts on which the whole family stands."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.architecture import Architecture
from maskstream.models.fcn import FCN
from tests.models.networks import NUM_CLASSES, NarrowVGG, TinyBackbone


def dense_classifier(features: nn.Module, channels: int) -> nn.Sequential:
    """Build VGG's classifier of 224x224 pictures on features of 7x7."""
    return nn.Sequential(
        features,
        nn.Flatten(),
        nn.Linear(channels * 7 * 7, 4096),
        nn.ReLU(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Linear(4096, NUM_CLASSES),
    )


class Deepest(nn.Module):
    """A backbone as a classifier sees it: one map."""

    def __init__(self, backbone: NarrowVGG | TinyBackbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, pictures: Tensor) -> Tensor:
        """Compute (N, C, h, w) features of (N, 3, H, W) pictures."""
        return self.backbone.features(self.backbone.normalise(pictures))[-1]


def made_convolutional(
    classifier: nn.Sequential, backbone: NarrowVGG | TinyBackbone
) -> FCN:
    """Give an FCN-32s the classifier's weights, and only reshape them."""
    model = FCN(backbone, Architecture.parse("fcn32s-any-paper"), NUM_CLASSES)
    for layer, index in (("fc6.0", 2), ("fc7.0", 4), ("score_fr", 6)):
        conv, dense = model.get_submodule(layer), classifier[index]
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(dense, nn.Linear)
        conv.load_state_dict(
            {"weight": dense.weight.view_as(conv.weight), "bias": dense.bias}
        )
    return model.eval()


def test_a_dense_layer_on_maps_is_a_convolution_as_large_as_they_are() -> None:
    """200 units on 100 maps of 7x7 are 200 kernels of 7x7, and nothing is padded."""
    maps = torch.randn(2, 100, 7, 7, dtype=torch.float64)
    dense = nn.Linear(100 * 7 * 7, 200, dtype=torch.float64)

    found = F.conv2d(maps, dense.weight.view(200, 100, 7, 7), dense.bias)

    assert found.shape == (2, 200, 1, 1)
    torch.testing.assert_close(found.flatten(1), dense(maps.flatten(1)))


@pytest.mark.slow
def test_a_classifier_of_224_pixels_gives_one_cell() -> None:
    """VGG's dense layers give the same scores as convolutions, 1x1 of them."""
    torch.manual_seed(0)
    backbone = NarrowVGG()
    classifier = dense_classifier(Deepest(backbone), 64).eval()
    model = made_convolutional(classifier, backbone)
    pictures = torch.rand(1, 3, 224, 224) * 255

    with torch.inference_mode():
        scores = model(pictures)
        expected = classifier(pictures)

    assert scores.shape == (1, NUM_CLASSES, 1, 1)
    torch.testing.assert_close(scores.flatten(1), expected)


@pytest.mark.slow
def test_one_pass_over_448_pixels_is_a_classifier_at_64_places() -> None:
    """14x14 features and a window of 7 make 8x8 cells, each a crop 32 pixels on.

    On a trunk without padding: what is padded is not what lies beside a crop.
    """
    torch.manual_seed(0)
    backbone = TinyBackbone()
    classifier = dense_classifier(Deepest(backbone), 8).eval()
    model = made_convolutional(classifier, backbone)
    picture = torch.rand(3, 448, 448) * 255
    crops = picture.unfold(1, 224, 32).unfold(2, 224, 32)  # (3, 8, 8, 224, 224)

    with torch.inference_mode():
        scores = model(picture[None])  # (1, K, 8, 8)
        cells = [classifier(row.transpose(0, 1)) for row in crops.unbind(1)]
        expected = torch.stack(cells).permute(2, 0, 1)[None]  # (1, K, 8, 8)

    assert scores.shape == (1, NUM_CLASSES, 8, 8)
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-5)
