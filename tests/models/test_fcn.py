from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.backbones import VGG16, Backbone, Features
from maskstream.models.fcn import (
    FCN,
    Head,
    bilinear_kernel,
    build_model,
    model_names,
)
from maskstream.models.geometry import ScoreGrid, upsample_scores
from maskstream.pipeline.errors import ModelError

NUM_CLASSES = 5


class NarrowVGG16(VGG16):
    """VGG16 with the true geometry and an eighth of the channels."""

    channels = (32, 64, 64)
    _BLOCKS = ((8, 8), (16, 16), (32,) * 3, (64,) * 3, (64,) * 3)


class TinyBackbone(Backbone):
    """One convolution for each stride, for what does not depend on the trunk."""

    channels = (4, 6, 8)

    def __init__(self) -> None:
        super().__init__([120.0] * 3, [60.0] * 3)
        self.conv3 = nn.Conv2d(3, 4, 8, stride=8)
        self.conv4 = nn.Conv2d(4, 6, 2, stride=2)
        self.conv5 = nn.Conv2d(6, 8, 2, stride=2)

    def features(self, x: Tensor) -> Features:
        """Compute one map for each stride."""
        pool3 = self.conv3(x)
        pool4 = self.conv4(pool3)
        return pool3, pool4, self.conv5(pool4)


def released_fcn8s(weights: dict[str, Tensor], pictures: Tensor) -> Tensor:
    """Compute voc-fcn8s as its published train.prototxt says, to full size.

    Pooling rounds up, deconvolutions are dense and unpadded, crops are 5, 9 and 31.
    """

    def conv(name: str, x: Tensor, padding: int = 0) -> Tensor:
        return F.conv2d(
            x, weights[f"{name}.weight"], weights[f"{name}.bias"], 1, padding
        )

    def crop(x: Tensor, margin: int, like: Tensor) -> Tensor:
        height, width = like.shape[2:]
        return x[:, :, margin : margin + height, margin : margin + width]

    mean_bgr = torch.tensor([103.939, 116.779, 123.68])[:, None, None]
    x = pictures[:, [2, 1, 0]] - mean_bgr
    pools = []
    for block, num_convs in enumerate((2, 2, 3, 3, 3), start=1):
        for index in range(1, num_convs + 1):
            padding = 100 if (block, index) == (1, 1) else 1
            x = conv(f"backbone.conv{block}_{index}", x, padding).relu()
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pools.append(x)
    x = conv("fc7.0", conv("fc6.0", x).relu()).relu()
    upscore2 = F.conv_transpose2d(
        conv("score_fr", x), weights["upscore2.weight"], stride=2
    )
    fused4 = upscore2 + crop(conv("score_pool4", pools[3]), 5, upscore2)
    upscore4 = F.conv_transpose2d(fused4, weights["upscore_pool4.weight"], stride=2)
    fused3 = upscore4 + crop(conv("score_pool3", pools[2]), 9, upscore4)
    num_classes = fused3.shape[1]
    dense = torch.zeros(num_classes, num_classes, 16, 16)
    dense[range(num_classes), range(num_classes)] = bilinear_kernel(16)
    return crop(F.conv_transpose2d(fused3, dense, stride=8), 31, pictures)


def narrow_paper_net() -> FCN:
    """Make the paper's form with random weights, upsampling layers included."""
    torch.manual_seed(0)
    model = FCN(NarrowVGG16(padding=100), Head.PAPER, NUM_CLASSES).eval()
    with torch.no_grad():  # learned, no longer bilinear
        for layer in (model.upscore2, model.upscore_pool4):
            layer.weight.add_(0.1 * torch.randn_like(layer.weight))
    return model


@pytest.mark.slow
@pytest.mark.parametrize("size_hw", [(65, 97), (32, 32), (1, 1), (100, 75), (72, 48)])
def test_the_paper_form_is_the_released_network(size_hw: tuple[int, int]) -> None:
    """Sampling the stride-8 scores equals the release's last deconvolution and crop."""
    model = narrow_paper_net()
    pictures = torch.rand(1, 3, *size_hw) * 255

    with torch.inference_mode():
        expected = released_fcn8s(model.state_dict(), pictures)
        full = upsample_scores(model(pictures), model.score_grid, size_hw)

    assert full.shape == expected.shape == (1, NUM_CLASSES, *size_hw)
    torch.testing.assert_close(full, expected, rtol=1e-5, atol=1e-5)


def test_the_paper_form_has_the_published_number_of_parameters() -> None:
    """All but the fixed last deconvolution, which is no part of the network here."""
    with torch.device("meta"):
        model = build_model("fcn8s-vgg16-paper", 21)

    num_last = 21 * 21 * 16 * 16

    assert sum(p.numel() for p in model.parameters()) + num_last == 134_489_759


@pytest.mark.parametrize("size_hw", [(360, 480), (288, 512), (65, 97), (1, 1)])
@pytest.mark.parametrize("head", [Head.LECTURE, Head.SLIM])
def test_any_size_is_scored_at_stride_8(head: Head, size_hw: tuple[int, int]) -> None:
    """Sizes that do not divide by 32, such as CamVid's 360 rows, are no exception."""
    model = FCN(TinyBackbone(), head, NUM_CLASSES).eval()

    with torch.inference_mode():
        scores = model(torch.rand(1, 3, *size_hw) * 255)

    height, width = size_hw
    assert scores.shape == (1, NUM_CLASSES, -(-height // 8), -(-width // 8))


def test_what_lies_below_and_to_the_right_is_the_mean_colour() -> None:
    """A size that does not divide by 32 is scored as if mean pixels followed."""
    model = FCN(TinyBackbone(), Head.SLIM, NUM_CLASSES).eval()
    pictures = torch.rand(1, 3, 40, 56) * 255
    extended = torch.full((1, 3, 64, 64), 120.0)
    extended[:, :, :40, :56] = pictures

    with torch.inference_mode():
        scores, expected = model(pictures), model(extended)[:, :, :5, :7]

    torch.testing.assert_close(scores, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fcn8s-lite0-slim", "fcn8s-vgg16-slim"])
def test_every_light_network_takes_camvid_pictures(name: str) -> None:
    """Real trunks give features at the strides that the head expects."""
    model = build_model(name, 11).eval()

    with torch.inference_mode():
        scores = model(torch.rand(1, 3, 360, 480) * 255)

    assert scores.shape == (1, 11, 45, 60)


def test_upsampling_layers_start_bilinear() -> None:
    """Constant scores stay constant inside, and classes do not mix."""
    model = FCN(TinyBackbone(), Head.SLIM, 2)
    scores = torch.stack([torch.ones(4, 4), torch.zeros(4, 4)])[None]

    with torch.inference_mode():
        upsampled = model.upscore2(scores)[:, :, 1:-1, 1:-1]

    assert upsampled[:, 0].eq(1).all()
    assert upsampled[:, 1].eq(0).all()


@pytest.mark.parametrize("size", [3, 4, 16, 32, 63, 64])
def test_the_bilinear_kernel_follows_the_release(size: int) -> None:
    """Each weight is the formula of upsample_filt in the release's surgery.py."""
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 == 1 else factor - 0.5
    expected = [
        [
            (1 - abs(row - centre) / factor) * (1 - abs(column - centre) / factor)
            for column in range(size)
        ]
        for row in range(size)
    ]

    torch.testing.assert_close(bilinear_kernel(size), torch.tensor(expected))


def test_a_tiling_grid_upsamples_as_torch_interpolates() -> None:
    """Offset -3.5 at stride 8 is bilinear interpolation without aligned corners."""
    scores = torch.randn(2, 3, 5, 7)

    full = upsample_scores(scores, ScoreGrid(8, -3.5), (40, 56))

    expected = F.interpolate(scores, scale_factor=8, mode="bilinear")
    torch.testing.assert_close(full, expected)


def test_labels_of_another_size_than_the_picture_show_the_same_scene() -> None:
    """Scores of a reduced picture, wanted at the frame's size, align by cell edges."""
    scores = torch.randn(1, 3, 5, 7)

    full = upsample_scores(scores, ScoreGrid(8, -3.5), (40, 56), (60, 70))

    expected = F.interpolate(scores, (60, 70), mode="bilinear")
    torch.testing.assert_close(full, expected)


def test_the_network_sees_rgb_and_vgg_knows_bgr() -> None:
    """VGG's first layer gets blue first, each colour less its mean."""
    backbone = NarrowVGG16()
    red = torch.tensor([255.0, 116.779, 103.939])[None, :, None, None]
    seen: list[Tensor] = []
    first = backbone.get_submodule("conv1_1")
    first.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))

    backbone.features(backbone.normalise(red.expand(1, 3, 32, 32)))

    torch.testing.assert_close(
        seen[0][0, :, 0, 0], torch.tensor([0.0, 0.0, 255 - 123.68])
    )


def test_imagenet_weights_of_another_backbone_are_refused() -> None:
    """The message names the backbone and the first weight that is missing."""
    with pytest.raises(ModelError, match=r"do not fit VGG16.*conv1_1\.weight"):
        VGG16().load_pretrained({"conv_stem.weight": torch.zeros(32, 3, 3, 3)})


def test_imagenet_weights_of_another_width_are_refused() -> None:
    """A weight of the right name and the wrong shape is named."""
    weights = NarrowVGG16().state_dict()
    weights["conv2_1.weight"] = torch.zeros(1, 1, 3, 3)

    with pytest.raises(ModelError, match=r"do not fit NarrowVGG16.*conv2_1\.weight"):
        NarrowVGG16().load_pretrained(weights)


def test_layers_that_classify_are_passed_over() -> None:
    """Start weights may hold more than the trunk."""
    source, backbone = NarrowVGG16(), NarrowVGG16()

    backbone.load_pretrained({**source.state_dict(), "fc8.bias": torch.zeros(1000)})

    name = "conv5_3.weight"
    assert backbone.get_parameter(name).equal(source.get_parameter(name))


def test_an_unknown_network_gets_a_hint() -> None:
    """A typo is answered with the nearest name."""
    with pytest.raises(ModelError, match="did you mean fcn8s-lite0-slim"):
        build_model("fcn8-lite0-slim", 11)


def test_a_name_like_no_other_is_answered_with_all() -> None:
    """Where nothing is near, the message lists what is known."""
    with pytest.raises(ModelError, match="fcn8s-vgg16-paper"):
        build_model("xyz", 11)
    assert len(model_names()) == 4
