"""Arrays that travel to the device as one, through one pinned buffer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Packed"]

_ALIGNMENT = 256  # of each array, as what the device allocates is aligned


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Copies of the arrays of several pictures, one behind the other."""

    buffer: Tensor  # (bytes,) uint8 on the host
    places: tuple[tuple[tuple[int, tuple[int, ...]], ...], ...]
    """For each picture where its arrays begin, and their shapes."""

    @classmethod
    def of(
        cls, pictures: Sequence[Sequence[NDArray[np.uint8]]], *, pinned: bool
    ) -> Packed:
        """Copy arrays, which may lie in memory as they like."""
        places = []
        end = 0
        for arrays in pictures:
            own = []
            for array in arrays:
                begin = -(-end // _ALIGNMENT) * _ALIGNMENT
                own.append((begin, array.shape))
                end = begin + array.size
            places.append(tuple(own))
        buffer = torch.empty(end, dtype=torch.uint8, pin_memory=pinned)
        packed = cls(buffer, tuple(places))
        for arrays, copies in zip(pictures, packed.unpack(buffer), strict=True):
            for array, copied in zip(arrays, copies, strict=True):
                np.copyto(copied.numpy(), array)
        return packed

    def unpack(self, buffer: Tensor) -> list[list[Tensor]]:
        """View each picture's arrays in the buffer, or in a copy of it elsewhere."""
        return [
            [
                buffer[begin : begin + math.prod(shape)].view(shape)
                for begin, shape in own
            ]
            for own in self.places
        ]
