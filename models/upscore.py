"""Scores made finer: deconvolution, interpolation, bed of nails and unpooling."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from maskstream.models.architecture import Upsampling

__all__ = ["Deconvolution", "Split", "bilinear_kernel"]


def bilinear_kernel(size: int) -> Tensor:
    """Make the (size, size) kernel that upsamples bilinearly.

    From ``upsample_filt`` in surgery.py of the original release.
    """
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    ramp = 1 - (torch.arange(size) - centre).abs() / factor  # (size,)
    return ramp[:, None] * ramp[None, :]


class Deconvolution(nn.ConvTranspose2d):
    """A transposed convolution that starts as a bilinear one, class by class."""

    def __init__(
        self, num_classes: int, kernel: int, stride: int, padding: int, *, learned: bool
    ) -> None:
        super().__init__(num_classes, num_classes, kernel, stride, padding, bias=False)
        with torch.no_grad():
            self.weight.zero_()
            self.weight[range(num_classes), range(num_classes)] = bilinear_kernel(
                kernel
            )
        self.weight.requires_grad_(learned)
        self._geometry = kernel, stride, padding

    def count(self, num_samples: int) -> int:
        """Count the samples along a side that come of ``num_samples``."""
        kernel, stride, padding = self._geometry
        return (num_samples - 1) * stride + kernel - 2 * padding


class Split(nn.Module):
    """Four samples in the place of each, without anything to learn."""

    def __init__(self, upsampling: Upsampling) -> None:
        super().__init__()
        self._upsampling = upsampling

    def count(self, num_samples: int) -> int:
        """Count the samples along a side that come of ``num_samples``."""
        return 2 * num_samples

    def forward(self, scores: Tensor, skip: Tensor) -> Tensor:
        """Upsample (N, K, h, w) scores to the size of the (N, K, 2h, 2w) skip."""
        if self._upsampling is Upsampling.UNPOOL:
            _, places = F.max_pool2d(skip, 2, return_indices=True)
            return F.max_unpool2d(scores, places, (2, 2))
        if self._upsampling is Upsampling.NAILS:
            nail = scores.new_zeros(2, 2)
            nail[0, 0] = 1
            return torch.kron(scores, nail)
        mode = self._upsampling.value  # bilinear or nearest
        return F.interpolate(scores, scale_factor=2, mode=mode)
