"""Which samples of a side each of its resized samples is made of.

Swscale's area method (libswscale/utils.c, initFilter): a smaller picture's sample is
the mean of what it covers, a larger one's is bilinear; the edges of both coincide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

__all__ = ["Taps", "resize_taps"]


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """The samples that each of n new ones is made of, T at most."""

    first: Tensor  # (n,) int32, such that first + T - 1 exists
    weights: Tensor  # (n, T) float32, each row sums to 1

    def matrix(self, num_samples: int) -> Tensor:
        """Write them as (n, num_samples) float32."""
        n, num_taps = self.weights.shape
        columns = self.first.long()[:, None] + torch.arange(num_taps).to(self.first)
        matrix = torch.zeros(n, num_samples, device=self.weights.device)
        return matrix.scatter_(1, columns, self.weights)


@lru_cache(maxsize=64)
def resize_taps(num_samples: int, num_resized: int, device: torch.device) -> Taps:
    """Lay out the taps of a side, on a device."""
    ratio = num_samples / num_resized
    reach = (max(ratio, 1.0) + 1) / 2  # beyond it a sample has no weight
    centres = (np.arange(num_resized) + 0.5) * ratio - 0.5
    num_taps = min(int(np.ceil(2 * reach)), num_samples)
    first = np.ceil(centres - reach).astype(np.int64).clip(0, num_samples - num_taps)
    distances = np.abs(first[:, None] + np.arange(num_taps) - centres[:, None])
    weights = (reach - distances).clip(0, 1)
    weights /= weights.sum(1, keepdims=True)  # a border goes on as its last sample
    return Taps(
        torch.from_numpy(first.astype(np.int32)).to(device),
        torch.from_numpy(weights.astype(np.float32)).to(device),
    )
