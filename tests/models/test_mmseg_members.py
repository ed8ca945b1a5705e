"""mmsegmentation's FCN as a member of the family.

Against its published description: configs/_base_/models/fcn_r50-d8.py, layer by layer.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from maskstream.models.build import build_model
from maskstream.models.geometry import upsample_scores
from maskstream.models.importing.dilated import plan_mmsegmentation
from tests.models.networks import NUM_CLASSES

NAME = "fcn8s-resnet50_v1c-mmseg,auxiliary=yes"
SIZE_HW = 40, 56
# depth=50: blocks, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), and with
# contract_dilation=True the first block of a dilated layer has half of its dilation.
LAYERS = [
    (1, 1, [1, 1, 1]),
    (2, 2, [1, 1, 1, 1]),
    (3, 1, [1, 2, 2, 2, 2, 2]),
    (4, 1, [2, 4, 4]),
]

Weights = dict[str, Tensor]


def conv_norm(
    weights: Weights,
    conv: str,
    norm: str,
    x: Tensor,
    stride: int = 1,
    dilation: int = 1,
) -> Tensor:
    """Apply a convolution that keeps the size but for its stride, and its norm."""
    weight = weights[f"{conv}.weight"]
    padding = dilation * (weight.shape[2] // 2)
    x = F.conv2d(x, weight, None, stride, padding, dilation)
    mean, var, scale, shift = (
        weights[f"{norm}.{kind}"]
        for kind in ("running_mean", "running_var", "weight", "bias")
    )
    return F.batch_norm(x, mean, var, scale, shift)


def conv_module(weights: Weights, name: str, x: Tensor) -> Tensor:
    """Apply mmcv's ConvModule."""
    return conv_norm(weights, f"{name}.conv", f"{name}.bn", x).relu()


def bottleneck(
    weights: Weights, name: str, x: Tensor, stride: int, dilation: int
) -> Tensor:
    """Apply a block, style='pytorch': the stride is that of the 3x3 convolution."""
    y = conv_norm(weights, f"{name}.conv1", f"{name}.bn1", x).relu()
    y = conv_norm(weights, f"{name}.conv2", f"{name}.bn2", y, stride, dilation).relu()
    y = conv_norm(weights, f"{name}.conv3", f"{name}.bn3", y)
    if f"{name}.downsample.0.weight" in weights:
        down = f"{name}.downsample"
        x = conv_norm(weights, f"{down}.0", f"{down}.1", x, stride)
    return (x + y).relu()


def described_scores(weights: Weights, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Compute what decode_head and auxiliary_head give, at stride 8."""
    mean = torch.tensor([123.675, 116.28, 103.53])[:, None, None]
    std = torch.tensor([58.395, 57.12, 57.375])[:, None, None]
    x = (pictures - mean) / std
    for conv, stride in ((0, 2), (3, 1), (6, 1)):
        stem = "backbone.stem"
        x = conv_norm(weights, f"{stem}.{conv}", f"{stem}.{conv + 1}", x, stride).relu()
    x = F.max_pool2d(x, 3, 2, padding=1)
    maps = []
    for layer, stride, dilations in LAYERS:
        for block, dilation in enumerate(dilations):
            step = stride if block == 0 else 1
            x = bottleneck(weights, f"backbone.layer{layer}.{block}", x, step, dilation)
        maps.append(x)
    y = conv_module(weights, "decode_head.convs.0", x)
    y = conv_module(weights, "decode_head.convs.1", y)
    y = conv_module(weights, "decode_head.conv_cat", torch.cat([x, y], 1))
    auxiliary = conv_module(weights, "auxiliary_head.convs.0", maps[2])
    return (
        conv_seg(weights, "decode_head", y),
        conv_seg(weights, "auxiliary_head", auxiliary),
    )


def conv_seg(weights: Weights, head: str, x: Tensor) -> Tensor:
    """Score features."""
    name = f"{head}.conv_seg"
    return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def described_weights() -> Weights:
    """Make random weights under the names of mmsegmentation."""
    torch.manual_seed(0)
    weights: Weights = {}

    def add(conv: str, norm: str, num_inputs: int, num_outputs: int, side: int) -> None:
        fan_in = num_inputs * side**2
        kernel = torch.randn(num_outputs, num_inputs, side, side) * (2 / fan_in) ** 0.5
        weights[f"{conv}.weight"] = kernel
        weights[f"{norm}.weight"] = torch.rand(num_outputs) + 0.5
        weights[f"{norm}.bias"] = torch.randn(num_outputs) * 0.1
        weights[f"{norm}.running_mean"] = torch.randn(num_outputs) * 0.1
        weights[f"{norm}.running_var"] = torch.rand(num_outputs) + 0.5
        weights[f"{norm}.num_batches_tracked"] = torch.tensor(1)

    stem = "backbone.stem"
    for index, num_inputs, num_outputs in ((0, 3, 32), (3, 32, 32), (6, 32, 64)):
        add(f"{stem}.{index}", f"{stem}.{index + 1}", num_inputs, num_outputs, 3)
    channels = 64
    for layer, _, dilations in LAYERS:
        width = 32 * 2**layer
        for block in range(len(dilations)):
            name = f"backbone.layer{layer}.{block}"
            add(f"{name}.conv1", f"{name}.bn1", channels, width, 1)
            add(f"{name}.conv2", f"{name}.bn2", width, width, 3)
            add(f"{name}.conv3", f"{name}.bn3", width, 4 * width, 1)
            if block == 0:
                down = f"{name}.downsample"
                add(f"{down}.0", f"{down}.1", channels, 4 * width, 1)
            channels = 4 * width
    for name, num_inputs, num_outputs in (
        ("decode_head.convs.0", 2048, 512),
        ("decode_head.convs.1", 512, 512),
        ("decode_head.conv_cat", 2560, 512),
        ("auxiliary_head.convs.0", 1024, 256),
    ):
        add(f"{name}.conv", f"{name}.bn", num_inputs, num_outputs, 3)
    for head, width in (("decode_head", 512), ("auxiliary_head", 256)):
        weights[f"{head}.conv_seg.weight"] = torch.randn(NUM_CLASSES, width, 1, 1)
        weights[f"{head}.conv_seg.bias"] = torch.randn(NUM_CLASSES)
    return weights


@pytest.mark.slow
def test_the_member_gives_what_mmsegmentation_describes() -> None:
    """Both heads, from weights under its names, all of which find their place."""
    weights = described_weights()
    plan = plan_mmsegmentation(weights)
    assert plan is not None
    model = build_model(plan.target, NUM_CLASSES).eval()
    model.load_state_dict({own: weights[name] for name, own in plan.names.items()})
    pictures = torch.rand(1, 3, *SIZE_HW) * 255

    with torch.inference_mode():
        expected = described_scores(weights, pictures)
        found = model.forward_auxiliary(pictures)

    assert (plan.target, plan.num_classes) == (NAME, NUM_CLASSES)
    for ours, theirs in zip(found, expected, strict=True):
        full = upsample_scores(ours, model.score_grid, SIZE_HW)
        resized = F.interpolate(theirs, SIZE_HW, mode="bilinear")
        assert (full - resized).norm() <= 1e-5 * resized.norm()


def test_resnets_of_other_depths_are_left_to_other_formats() -> None:
    """ResNet-18 has two blocks in its third layer, and no dilated form."""
    weights = {f"backbone.layer3.{block}.conv1.weight": torch.ones(1) for block in "01"}

    assert plan_mmsegmentation(weights) is None
