"""FCN-8s: class scores for every pixel, from features at strides 8, 16 and 32.

Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation"
(CVPR 2015, PAMI 2017). The scores of the deepest features are upsampled twice by two,
each time added to the scores of the features at that stride. The paper's last step, a
fixed bilinear upsampling by eight, is not in the network: `upsample_scores` does it
exactly, and the engines do it fused with the arg-max.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from enum import Enum

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.backbones import VGG16, Backbone, Lite0
from maskstream.models.geometry import ScoreGrid
from maskstream.pipeline.errors import ModelError

__all__ = ["FCN8s", "Head", "ScoreGrid", "build_model", "model_names"]


class Head(Enum):
    """How the deepest features become scores."""

    PAPER = "paper"  # 7x7 fc6, borders as in the original release; wants padding 100
    LECTURE = "lecture"  # 1x1 fc6 and fc7, the lighter form that lectures teach
    SLIM = "slim"  # fc6 keeps its 7x7 window one channel at a time, then mixes


class FCN8s(nn.Module):
    """FCN-8s on any backbone, for pictures of any size.

    The network sees RGB in 0..255 and gives scores at stride 8; ``score_grid`` tells
    where those lie on the picture.
    """

    def __init__(self, backbone: Backbone, head: Head, num_classes: int) -> None:
        super().__init__()
        pool3, pool4, pool5 = backbone.channels
        self.num_classes = num_classes
        self.is_paper = head is Head.PAPER
        self.backbone = backbone
        self.fc6, self.fc7, width = _HEADS[head](pool5)
        self.score_fr = nn.Conv2d(width, num_classes, 1)
        score = _slim_score if head is Head.SLIM else _plain_score
        self.score_pool4 = score(pool4, num_classes)
        self.score_pool3 = score(pool3, num_classes)
        # The release pads no deconvolution and crops the skips to it; elsewhere each
        # deconvolution loses the pixel that lies outside.
        padding = 0 if self.is_paper else 1
        self._margin4, self._margin3 = (5, 9) if self.is_paper else (0, 0)
        self.upscore2 = _upsample_by_2(num_classes, padding)
        self.upscore_pool4 = _upsample_by_2(num_classes, padding)

    @property
    def score_grid(self) -> ScoreGrid:
        """Place of the scores on the picture.

        In the paper's form sample 0 lies 23.5 pixels before pixel 0: a deconvolution by
        8 with kernel 16 starts 7.5 pixels before that, and so the release crops 31.
        """
        return ScoreGrid(stride=8, offset=23.5 if self.is_paper else -3.5)

    def forward(self, pictures: Tensor) -> Tensor:
        """Score every class at stride 8.

        Args:
            pictures: (N, 3, H, W) RGB in 0..255, floating point.

        Returns:
            (N, K, h8, w8) scores; h8 is H / 8 rounded up, except in the paper's form,
            where the border of 100 pixels leaves a margin.
        """
        height, width = pictures.shape[2:]
        x = self.backbone.normalise(pictures)  # (N, 3, H, W)
        if not self.is_paper:
            x = _pad_to_multiple(x, 32)  # so that all strides halve without a rest
        pool3, pool4, pool5 = self.backbone.features(x)  # at strides 8, 16, 32

        fc7 = self.fc7(self.fc6(pool5))  # (N, C, h32, w32)
        score32 = self.score_fr(fc7)  # (N, K, h32, w32)

        score16: Tensor = self.upscore2(score32)  # (N, K, h16, w16)
        skip16 = self.score_pool4(pool4)  # (N, K, h16, w16), larger in the paper's form
        score16 = score16 + _crop(skip16, self._margin4, score16)

        score8: Tensor = self.upscore_pool4(score16)  # (N, K, h8, w8)
        skip8 = self.score_pool3(pool3)  # (N, K, h8, w8), larger in the paper's form
        score8 = score8 + _crop(skip8, self._margin3, score8)

        if self.is_paper:
            return score8
        return score8[:, :, : -(-height // 8), : -(-width // 8)]


def _paper_head(channels: int) -> tuple[nn.Module, nn.Module, int]:
    return _dense(channels, 7), _dense(4096, 1), 4096


def _lecture_head(channels: int) -> tuple[nn.Module, nn.Module, int]:
    return _dense(channels, 1), _dense(4096, 1), 4096


def _slim_head(channels: int) -> tuple[nn.Module, nn.Module, int]:
    fc6 = nn.Sequential(
        nn.Conv2d(channels, channels, 7, padding=3, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        _mix(channels, 256),
    )
    fc7 = nn.Sequential(_mix(256, 256), nn.Dropout(0.1))
    return fc6, fc7, 256


_HEADS: dict[Head, Callable[[int], tuple[nn.Module, nn.Module, int]]] = {
    Head.PAPER: _paper_head,
    Head.LECTURE: _lecture_head,
    Head.SLIM: _slim_head,
}


def _dense(num_inputs: int, kernel: int) -> nn.Sequential:
    """Make one of VGG's dense layers as a convolution."""
    return nn.Sequential(
        nn.Conv2d(num_inputs, 4096, kernel), nn.ReLU(inplace=True), nn.Dropout(0.5)
    )


def _plain_score(num_inputs: int, num_classes: int) -> nn.Module:
    return nn.Conv2d(num_inputs, num_classes, 1)


def _slim_score(num_inputs: int, num_classes: int) -> nn.Module:
    """Look around before scoring: narrow trunks leave few, linear features."""
    return nn.Sequential(
        _mix(num_inputs, 96),
        nn.Conv2d(96, 96, 3, padding=1, groups=96, bias=False),
        nn.BatchNorm2d(96),
        nn.ReLU(inplace=True),
        nn.Conv2d(96, num_classes, 1),
    )


def _mix(num_inputs: int, num_outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(num_inputs, num_outputs, 1, bias=False),
        nn.BatchNorm2d(num_outputs),
        nn.ReLU(inplace=True),
    )


def bilinear_kernel(size: int) -> Tensor:
    """Make the (size, size) kernel that upsamples bilinearly.

    From ``upsample_filt`` in surgery.py of the original release.
    """
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    ramp = 1 - (torch.arange(size) - centre).abs() / factor  # (size,)
    return ramp[:, None] * ramp[None, :]


def _upsample_by_2(num_classes: int, padding: int) -> nn.ConvTranspose2d:
    """Make a learned upsampling that starts as a bilinear one, class by class."""
    layer = nn.ConvTranspose2d(
        num_classes, num_classes, 4, stride=2, padding=padding, bias=False
    )
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[range(num_classes), range(num_classes)] = bilinear_kernel(4)
    return layer


def _crop(skip: Tensor, margin: int, like: Tensor) -> Tensor:
    """Cut (N, K, H, W) scores to the size of ``like``, ``margin`` from the top left."""
    height, width = like.shape[2:]
    return skip[:, :, margin : margin + height, margin : margin + width]


def _pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Extend (N, C, H, W) below and to the right with zero, the mean colour."""
    height, width = x.shape[2:]
    return F.pad(x, (0, -width % multiple, 0, -height % multiple))


_MODELS: dict[str, tuple[Callable[[], Backbone], Head]] = {
    "fcn8s-lite0-slim": (Lite0, Head.SLIM),
    "fcn8s-vgg16-paper": (lambda: VGG16(padding=100), Head.PAPER),
    "fcn8s-vgg16-lecture": (VGG16, Head.LECTURE),
    "fcn8s-vgg16-slim": (VGG16, Head.SLIM),
}


def model_names() -> tuple[str, ...]:
    """List the names that `build_model` knows."""
    return tuple(_MODELS)


def build_model(name: str, num_classes: int) -> FCN8s:
    """Build a network by name, with random weights.

    Raises:
        ModelError: if there is no such network.
    """
    if name not in _MODELS:
        near = difflib.get_close_matches(name, _MODELS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}" if near else f"known are {', '.join(_MODELS)}"
        raise ModelError(f"no model is named {name!r}; {hint}")
    make_backbone, head = _MODELS[name]
    return FCN8s(make_backbone(), head, num_classes)
