from __future__ import annotations

import pytest
import torch
from torch import Tensor

from maskstream.models.backbones import VGG, Colours, Torchvision, build_backbone
from maskstream.pipeline.errors import ModelError
from tests.models.networks import NarrowVGG

NAMES = [
    *(f"vgg{layers}{norm}" for layers in (11, 13, 16, 19) for norm in ("", "_bn")),
    "alexnet",
    "alexnet_torchvision",
    "googlenet",
    "resnet18",
    "resnet50",
    "efficientnet_b0",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "lite0",
    "timm:resnet18",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_backbone_halves_the_picture_evenly(name: str) -> None:
    """Features have the promised channels at strides 8, 16 and 32."""
    backbone = build_backbone(name).eval()

    with torch.inference_mode():
        features = backbone.features(torch.rand(1, 3, 64, 96))

    assert [tuple(map_.shape) for map_ in features] == [
        (1, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(backbone.channels, (8, 16, 32), strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "googlenet"])
def test_imagenet_weights_of_torchvision_fit_by_their_names(name: str) -> None:
    """A classifier's state dict, its last layers included, fills the trunk."""
    import torchvision

    options = {"init_weights": False} if name == "googlenet" else {}
    classifier = torchvision.models.get_model(name, weights=None, **options)
    backbone = Torchvision(name)

    backbone.load_pretrained(classifier.state_dict())

    first = next(name for name in classifier.state_dict() if name.endswith("weight"))
    own = backbone.trunk_names()[first]
    assert backbone.state_dict()[own].equal(classifier.state_dict()[first])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet49", "torchvision has no classifier 'resnet49'"),
        ("timm:no_such", "timm:no_such cannot be a backbone"),
        ("timm:vit_tiny_patch16_224", "needed: its own are at 16, none at 8$"),
        ("vit_b_16", "cannot be a backbone"),
        ("inception_v3", "at strides 8, 16 and 32 are needed"),
        ("swin_t", "needed, channels first, and it has none"),
        ("regnet_x_400mf", "at strides 8, 16 and 32 are needed"),
        ("r3d_18", "torchvision has no classifier 'r3d_18'"),
    ],
)
def test_what_cannot_be_a_backbone_is_refused(name: str, message: str) -> None:
    """One sentence, whatever the other library said."""
    with torch.device("meta"), pytest.raises(ModelError, match=message):
        build_backbone(name)


@pytest.mark.parametrize("dilated", [False, True])
@pytest.mark.parametrize(
    "name", ["fcn_resnet50", "maskrcnn_resnet50_fpn", "timm:hf-hub:timm/resnet18"]
)
def test_nothing_is_fetched_by_naming_a_network(
    name: str, dilated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names behind which a library would fetch weights are no backbones."""

    def refuse(*_: object) -> None:
        raise AssertionError("it asks the net")

    monkeypatch.setattr("socket.getaddrinfo", refuse)

    with pytest.raises(ModelError, match=name):
        build_backbone(name, dilated=dilated)


def test_only_vgg_and_alexnet_take_the_papers_border() -> None:
    """Elsewhere a padding of 100 has no meaning."""
    with pytest.raises(ModelError, match="lite0 cannot have the paper's head"):
        build_backbone("lite0", wide_border=True)


def test_the_network_sees_rgb_and_vgg_knows_bgr() -> None:
    """VGG's first layer gets blue first, each colour less its mean."""
    backbone = NarrowVGG()
    red = torch.tensor([255.0, 116.779, 103.939])[None, :, None, None]
    seen: list[Tensor] = []
    first = backbone.get_submodule("conv1_1")
    first.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))

    backbone.features(backbone.normalise(red.expand(1, 3, 32, 32)))

    torch.testing.assert_close(
        seen[0][0, :, 0, 0], torch.tensor([0.0, 0.0, 255 - 123.68])
    )


def test_colours_can_be_those_of_other_weights() -> None:
    """The same layers fed as torchvision trained them: RGB, ImageNet's spread."""
    backbone = NarrowVGG(colours=Colours.IMAGENET)
    red = torch.tensor([123.675 + 58.395, 116.28, 103.53])[None, :, None, None]

    seen = backbone.normalise(red)

    torch.testing.assert_close(seen.flatten(), torch.tensor([1.0, 0.0, 0.0]))


def test_the_release_has_a_mean_of_its_own() -> None:
    """voc-fcn*/net.py: BGR less (104.00699, 116.66877, 122.67892)."""
    backbone = NarrowVGG(colours=Colours.FCN)
    blue = torch.tensor([122.67892, 116.66877, 255.0])[None, :, None, None]

    seen = backbone.normalise(blue)

    torch.testing.assert_close(
        seen.flatten(), torch.tensor([255 - 104.00699, 0.0, 0.0])
    )
    assert build_backbone("alexnet").colours is Colours.FCN
    assert backbone.colours.description.endswith("as BGR")


def test_imagenet_weights_of_another_backbone_are_refused() -> None:
    """The message names the backbone and the first weight that is missing."""
    with pytest.raises(ModelError, match=r"do not fit vgg16: .*conv1_1\.weight"):
        VGG().load_pretrained({"conv_stem.weight": torch.zeros(32, 3, 3, 3)})


def test_imagenet_weights_of_another_width_are_refused() -> None:
    """A weight of the right name and the wrong shape is named."""
    weights = NarrowVGG().state_dict()
    weights["conv2_1.weight"] = torch.zeros(1, 1, 3, 3)

    with pytest.raises(ModelError, match=r"do not fit vgg16: .*conv2_1\.weight"):
        NarrowVGG().load_pretrained(weights)


def test_layers_that_classify_are_passed_over() -> None:
    """Start weights may hold more than the trunk."""
    source, backbone = NarrowVGG(), NarrowVGG()

    backbone.load_pretrained({**source.state_dict(), "fc8.bias": torch.zeros(1000)})

    name = "conv5_3.weight"
    assert backbone.get_parameter(name).equal(source.get_parameter(name))
