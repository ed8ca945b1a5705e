"""FCN-32s, FCN-16s and FCN-8s: class scores for every pixel.

Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation"
(CVPR 2015, PAMI 2017). The scores of the deepest features, at stride 32, are upsampled
by two, added to the scores of the features at that stride, and once more for FCN-8s.

The last upsampling, by 32, 16 or 8, is bilinear and not in the network, unless it is
learned: `upsample_scores` does it exactly, the engines do it fused with the arg-max.
"""

from __future__ import annotations

from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.architecture import Architecture, Head, Upsampling
from maskstream.models.backbones import Backbone, Features
from maskstream.models.geometry import ScoreGrid
from maskstream.models.heads import Scale, build_auxiliary, build_head, build_skip
from maskstream.models.upscore import Deconvolution, Split
from maskstream.pipeline.errors import ModelError

__all__ = ["FCN"]

# Of the pools before they are scored, where all streams are learnt at once: pool4 and
# pool3 are that much larger than the scores (voc-fcn8s-atonce/train.prototxt).
_AT_ONCE_SCALES = 0.01, 0.0001

_FADING_HEADS = Head.PAPER, Head.LECTURE
_PIXELS = ScoreGrid(1, 0.0)


class FCN(nn.Module):
    """A fully convolutional network on any backbone, for pictures of any size.

    It sees RGB in 0..255; ``score_grid`` tells where its scores lie on the picture.
    """

    def __init__(
        self, backbone: Backbone, architecture: Architecture, num_classes: int
    ) -> None:
        """Build with random weights.

        Raises:
            ModelError: streams of this backbone cannot be added.
        """
        super().__init__()
        pool3, pool4, _ = backbone.channels
        head = architecture.head
        self.num_classes = num_classes
        self.stride = architecture.stride
        self._is_padded = head is Head.PAPER  # by the backbone, and enough
        self.backbone = backbone
        self.fc6, self.fc7, width = build_head(head, backbone, relu=architecture.relu)
        self.score_fr = nn.Conv2d(width, num_classes, 1)

        grid3, grid4, grid = backbone.grids
        if self._is_padded:
            grid = grid.convolved(backbone.fc6_kernel)
        else:
            grid3, grid4, grid = (
                ScoreGrid.tiling(each.stride) for each in backbone.grids
            )
        self._deepest = grid.stride
        self._num_skips = (self._deepest // self.stride).bit_length() - 1
        scale4, scale3 = _AT_ONCE_SCALES
        is_scaled = architecture.at_once
        if self._num_skips >= 1:
            self.scale_pool4 = Scale(scale4) if is_scaled else nn.Identity()
            self.score_pool4 = build_skip(head, pool4, num_classes)
            self.upscore2, grid = self._finer(architecture.upsampling, grid, grid4)
            self._margin4 = self._margin(grid4, grid)
        if self._num_skips >= 2:
            self.scale_pool3 = Scale(scale3) if is_scaled else nn.Identity()
            self.score_pool3 = build_skip(head, pool3, num_classes)
            self.upscore_pool4, grid = self._finer(architecture.upsampling, grid, grid3)
            self._margin3 = self._margin(grid3, grid)
        self.upscore: Deconvolution | None = None
        if architecture.upsampling is Upsampling.LEARNED_ALL:
            self.upscore, grid = self._deconvolve(grid, _PIXELS, learned=True)
            self._last_margin = self._margin(grid, _PIXELS)
            grid = _PIXELS
        self.auxiliary: nn.Module | None = None
        if architecture.auxiliary:
            self.auxiliary = build_auxiliary(pool4, num_classes)
        # The paper's last step is a deconvolution; torchvision and we interpolate.
        fades = architecture.upsampling.is_deconvolution and head in _FADING_HEADS
        self.score_grid = replace(grid, fades=fades)
        """Place of the scores on the picture."""

    def forward(self, pictures: Tensor) -> Tensor:
        """Score every class at the network's stride.

        Args:
            pictures: (N, 3, H, W) RGB in 0..255, floating point.

        Returns:
            (N, K, h, w) scores; h is H over the stride, rounded up, except in the
            paper's form, where the border of 100 pixels leaves a margin.
        """
        return self.forward_centred(pictures - self.backbone.mean)

    def forward_centred(self, pictures: Tensor) -> Tensor:
        """Score pictures from which the backbone's mean was subtracted already."""
        height, width = pictures.shape[2:]
        return self._score(self._features(pictures), height, width)

    def forward_auxiliary(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Score with the auxiliary head too, which helps the trunk to learn.

        Returns:
            What `forward` does, and the auxiliary scores on the same grid.

        Raises:
            ModelError: this network has no auxiliary head.
        """
        if self.auxiliary is None:
            raise ModelError("this network has no auxiliary head; auxiliary=yes has")
        features = self._features(pictures - self.backbone.mean)
        score = self._score(features, *pictures.shape[2:])
        height, width = score.shape[2:]
        return score, _crop(self.auxiliary(features[1]), 0, height, width)

    def _features(self, pictures: Tensor) -> Features:
        """Compute the features that are scored, at strides 8, 16 and 32 or dilated.

        The pictures are centred.
        """
        x = self.backbone.spread(pictures)  # (N, 3, H, W)
        if not self._is_padded:
            # so that all strides halve without a rest
            x = _pad_to_multiple(x, self._deepest)
        return self.backbone.features(x)

    def _score(self, features: Features, height: int, width: int) -> Tensor:
        """Score features of a picture of a size."""
        pool3, pool4, pool5 = features
        score: Tensor = self.score_fr(self.fc7(self.fc6(pool5)))  # (N, K, h32, w32)
        if self._num_skips >= 1:
            skip = self.score_pool4(self.scale_pool4(pool4))  # (N, K, >= h16, >= w16)
            score = _fuse(score, self.upscore2, skip, self._margin4)
        if self._num_skips >= 2:
            skip = self.score_pool3(self.scale_pool3(pool3))  # (N, K, >= h8, >= w8)
            score = _fuse(score, self.upscore_pool4, skip, self._margin3)

        if self.upscore is not None:
            score = self.upscore(score)  # (N, K, >= H, >= W)
            return _crop(score, self._last_margin, height, width)
        if self._is_padded:
            return score
        # Not -(-height // stride): runtimes that this is exported to round to zero.
        height, width = (
            (side + self.stride - 1) // self.stride for side in (height, width)
        )
        return _crop(score, 0, height, width)

    def _finer(
        self, upsampling: Upsampling, grid: ScoreGrid, skip: ScoreGrid
    ) -> tuple[Deconvolution | Split, ScoreGrid]:
        """Build the upsampling by two of scores on ``grid``; place what it makes."""
        if upsampling.is_deconvolution:
            is_learned = upsampling is not Upsampling.FIXED
            return self._deconvolve(grid, skip, learned=is_learned)
        return Split(upsampling), grid.split()

    def _deconvolve(
        self, grid: ScoreGrid, target: ScoreGrid, *, learned: bool
    ) -> tuple[Deconvolution, ScoreGrid]:
        """Build a deconvolution whose samples fall on those of ``target``.

        The release pads none. Its kernel is twice the stride, and one less on AlexNet,
        whose pools have samples where those of VGG have gaps.
        """
        stride = grid.stride // target.stride
        padding = 0 if self._is_padded else stride // 2
        kernel = 2 * stride
        if self._is_padded:
            distance = grid.deconvolved(kernel, stride).offset - target.offset
            kernel -= 0 if distance % target.stride == 0 else 1
        layer = Deconvolution(
            self.num_classes, kernel, stride, padding, learned=learned
        )
        return layer, grid.deconvolved(kernel, stride, padding)

    def _margin(self, wider: ScoreGrid, grid: ScoreGrid) -> int:
        """Count what to crop of ``wider``: without a border nothing lies outside."""
        return wider.margin_over(grid) if self._is_padded else 0


def _fuse(
    score: Tensor, upscore: Deconvolution | Split, skip: Tensor, margin: int
) -> Tensor:
    """Upsample (N, K, h, w) scores by two and add those of the features there."""
    height, width = (upscore.count(side) for side in score.shape[2:])
    skip = _crop(skip, margin, height, width)
    is_split = isinstance(upscore, Split)
    finer: Tensor = upscore(score, skip) if is_split else upscore(score)
    return finer + skip


def _crop(scores: Tensor, margin: int, height: int, width: int) -> Tensor:
    """Cut (N, K, H, W) scores to a size, ``margin`` from the top left."""
    return scores[:, :, margin : margin + height, margin : margin + width]


def _pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Extend (N, C, H, W) below and to the right with zero, the mean colour."""
    height, width = x.shape[2:]
    return F.pad(x, (0, -width % multiple, 0, -height % multiple))
