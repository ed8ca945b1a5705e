"""Classifiers of whole pictures, as networks or as backbones."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from maskstream.models.backbones import Colours
from maskstream.models.backbones.vgg import VGG_LAYERS
from maskstream.models.importing import import_weights, save_imported
from maskstream.models.weights import read_backbone_weights
from tests.models.weight_files import blank, pytorch_fcn, read, vgg_convolutions

DENSE = {"fc6": (4096, 25088), "fc7": (4096, 4096), "fc8": (1000, 4096)}


@pytest.mark.parametrize("layers", VGG_LAYERS)
def test_dense_layers_of_vgg_become_convolutions(layers: int, tmp_path: Path) -> None:
    """4096x25088 is 4096x512x7x7; a classifier then scores pictures of any size."""
    shapes = vgg_convolutions(layers)
    for name, shape in DENSE.items():
        shapes |= {
            f"{name}.weight": (1, 1, *shape),
            f"{name}.bias": (1, 1, 1, shape[0]),
        }

    imported = read(blank(shapes), tmp_path)

    assert imported.target.name == f"fcn32s-vgg{layers}-paper"
    assert imported.num_classes == 1000
    assert imported.match.is_complete
    assert not imported.match.unused
    assert imported.match.taken["fc6.0.weight"].shape == (4096, 512, 7, 7)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("vgg16", "fcn32s-vgg16-paper,colours=imagenet"),
        ("vgg13_bn", "fcn32s-vgg13_bn-paper"),
        ("alexnet", "fcn32s-alexnet_torchvision-paper"),
        ("resnet18", "resnet18"),
        ("googlenet", "googlenet"),
        ("mobilenet_v3_small", "mobilenet_v3_small"),
        ("efficientnet_b0", "efficientnet_b0"),
    ],
)
@pytest.mark.slow
def test_classifiers_of_torchvision_are_recognised(
    name: str, target: str, tmp_path: Path
) -> None:
    """VGG and AlexNet become networks; of the others the backbone is taken."""
    import torchvision

    options = {"init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        classifier = torchvision.models.get_model(name, weights=None, **options)
    shapes = {key: tuple(t.shape) for key, t in classifier.state_dict().items()}

    imported = read(blank(shapes), tmp_path)

    assert imported.target.name == target
    assert imported.match.is_complete
    assert len(imported.match.taken) + len(imported.match.unused) == len(shapes)
    if "paper" not in target:
        assert set(imported.match.unused.values()) == {"it classifies whole pictures"}


def vgg11_of_torchvision() -> dict[str, torch.Tensor]:
    """Make the convolutions of its state dict."""
    shapes = vgg_convolutions(11)
    kernels = [shape for name, shape in shapes.items() if name.endswith("weight")]
    return blank(
        {
            f"features.{place}.{kind}": shape if kind == "weight" else shape[:1]
            for place, shape in zip((0, 3, 6, 8, 11, 13, 16, 18), kernels, strict=True)
            for kind in ("weight", "bias")
        }
    )


def test_a_backbone_says_what_colours_it_expects(tmp_path: Path) -> None:
    """Those of its file, which are not those of every VGG."""
    output = tmp_path / "out.safetensors"

    imported = read(vgg11_of_torchvision(), tmp_path)
    save_imported(imported, output)
    of_the_release = read(pytorch_fcn(32), tmp_path, model="vgg16")

    assert imported.target.name == "vgg11"
    assert imported.notes == ("a model trains from it with ,colours=imagenet",)
    assert read_backbone_weights(output)[1] is Colours.IMAGENET
    assert of_the_release.target.colours is Colours.FCN


def test_torchvisions_features_in_rgb_are_turned_to_caffes_bgr(tmp_path: Path) -> None:
    """Its file has no numbers for the dense layers, which is told."""
    kernels = [
        shape for name, shape in vgg_convolutions().items() if name.endswith("weight")
    ]
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    names = (f"features.{place}.weight" for place in places)
    tensors = blank(dict(zip(names, kernels, strict=True)))
    tensors["features.0.bias"] = torch.zeros(64)
    tensors["features.0.weight"] = torch.rand(64, 3, 3, 3)
    tensors["classifier.0.bias"] = torch.full((4096,), torch.nan)

    imported = read(tensors, tmp_path)

    assert imported.target.name == "vgg16"
    turned = imported.match.taken["backbone.conv1_1.weight"]
    assert turned[:, 0].equal(tensors["features.0.weight"][:, 2])
    assert imported.match.unused["classifier.0.bias"] == "it holds no numbers (nan)"


@pytest.mark.slow
def test_vgg_of_keras_is_a_backbone(tmp_path: Path) -> None:
    """The ``notop`` file has every convolution of VGG16, and nothing more."""
    path = tmp_path / "vgg16_notop.h5"
    with h5py.File(path, "w") as file:
        for name, shape in vgg_convolutions().items():
            layer = f"block{name[4]}_conv{name[6]}"
            in_keras = shape if len(shape) == 1 else (*shape[2:], shape[1], shape[0])
            # Never written to, so that it takes no room.
            file.create_dataset(f"{layer}/{layer}_{name[8:]}:0", in_keras, np.float32)

    imported = import_weights(path)

    assert imported.format == "Keras VGG"
    assert imported.target.name == "vgg16"
    assert imported.match.is_complete
    assert not imported.match.unused
