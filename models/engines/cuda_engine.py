"""The network in torch on a CUDA device, from the decoder's planes to labels.

upload stream    the planes of a batch on the host, as one copy from pinned memory
compute stream   planes -> input -> network, one graph -> scores -> labels
download stream  the labels, into pinned memory
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from maskstream.models.engines.base import (
    DevicePlane,
    Pending,
    Picture,
    YuvPicture,
)
from maskstream.models.engines.halving import MemoryBound
from maskstream.models.engines.lanes import CpuLane, CudaLane, Lane
from maskstream.models.engines.packing import Packed
from maskstream.models.engines.runs import Run, prepare_run
from maskstream.models.engines.torch_engine import DTYPES
from maskstream.models.fcn import FCN
from maskstream.models.folding import folded
from maskstream.models.kernels.colour import ColourSpec
from maskstream.models.kernels.labels import labels_on_device
from maskstream.models.kernels.network_input import fill_input

_MAX_SHAPES = 8  # of batches whose input, graph and scores are kept

_Fill = Callable[[Sequence[Tensor], Tensor], None]
"""Writes one picture, (3, h, w), of what was uploaded of it."""


class CudaEngine:
    """A copy of the network, folded, its weights cast and laid out channels last.

    Weights are cast rather than autocast, which converts nothing at run time. Device
    memory is bounded by the two batches in flight and the last few shapes of batches;
    where it is too little, batches run in parts.
    """

    name = "torch"

    def __init__(self, model: FCN, *, device: str, precision: str) -> None:
        """Put the network on a device.

        Args:
            model: left as it is.
            device: ``cuda:N``, which must be there; ``cpu`` does the same by plain
                torch, for tests.
            precision: ``fp32``, ``bf16`` or ``fp16``.
        """
        self.device = device
        self.precision = precision
        self._device = torch.device(device)
        self._dtype = DTYPES[precision]
        self._grid = model.score_grid
        self._network = folded(model)
        red, green, blue = self._network.backbone.mean.flatten().tolist()
        self._mean = red, green, blue
        self._network.to(device=self._device, dtype=self._dtype)
        self._network.to(memory_format=torch.channels_last)
        self._lane: Lane
        if self._device.type == "cuda":
            torch.backends.cudnn.benchmark = True  # few shapes, each many times
            if precision == "fp32":  # what the others are compared with
                torch.backends.cudnn.allow_tf32 = False
            self._lane = CudaLane(self._device)
        else:
            self._lane = CpuLane()
        self._run = lru_cache(_MAX_SHAPES)(self._prepare_run)
        self._bound = MemoryBound(self._free)

    def submit(
        self, pictures: Sequence[Picture], sizes_hw: Sequence[tuple[int, int]]
    ) -> Pending:
        """Start the network on (h, w, 3) RGB pictures; see `Engine.submit`."""
        return self.submit_planes(pictures, sizes_hw)

    def submit_planes(
        self, pictures: Sequence[Picture], sizes_hw: Sequence[tuple[int, int]]
    ) -> Pending:
        """Start the network on pictures of either kind; see `PlanesEngine`."""
        arrays: list[Sequence[NDArray[np.uint8]]] = []
        fills: list[_Fill] = []
        for picture in pictures:
            if isinstance(picture, YuvPicture):
                own = picture.planes
                arrays.append([one for one in own if isinstance(one, np.ndarray)])
                size_hw = picture.network_hw
                fill = partial(
                    _fill_from_planes,
                    [self._seen(one) for one in own if not isinstance(one, np.ndarray)],
                    colour=picture.colour,
                    rotation=picture.rotation,
                    mean=self._mean,
                )
            else:
                arrays.append((picture,))
                size_hw = picture.shape[0], picture.shape[1]
                fill = partial(_fill_from_rgb, mean=self._mean)
            fills.append(fill)
        packed = Packed.of(arrays, pinned=self._device.type == "cuda")
        work = partial(self._label, packed, fills, size_hw, sizes_hw)
        return self._lane.run(packed.buffer, work)

    def busy_s(self) -> float:
        """Return for how long the device worked, as far as labels were fetched."""
        return self._lane.busy.total_s()

    def waited_s(self) -> float:
        """Return for how long the fetching of labels had to wait for the device."""
        return self._lane.waited.total_s()

    def close(self) -> None:
        """Wait for what is in flight and stop."""
        self._lane.close()
        self._run.cache_clear()

    @torch.inference_mode()
    def _label(
        self,
        packed: Packed,
        fills: Sequence[_Fill],
        size_hw: tuple[int, int],
        sizes_hw: Sequence[tuple[int, int]],
        buffer: Tensor,
    ) -> list[Tensor]:
        """Turn what was uploaded into (H, W) uint8 on the device, unawaited."""
        pictures = packed.unpack(buffer)

        def label(some: slice) -> list[Tensor]:
            # Of few sizes, since a graph is dear to make; the rest is as it was.
            num = some.stop - some.start
            run = self._run(1 << (num - 1).bit_length(), size_hw)
            for fill, arrays, out in zip(
                fills[some], pictures[some], run.pictures[:num], strict=True
            ):
                fill(arrays, out)
            scores = run.score()[:num]  # (N, K, h8, w8)
            labels: list[Tensor] = []
            for (height, width), equal in groupby(sizes_hw[some]):
                same = scores[len(labels) : len(labels) + len(list(equal))]
                labels += labels_on_device(same, self._grid, size_hw, height, width)
            return labels

        return self._bound.run(len(fills), label)

    def _seen(self, plane: DevicePlane) -> Tensor:
        """View a plane where it lies; copy it only from another device."""
        # From the capsule: torch would ask the plane to wait for torch's stream, which
        # PyAV refuses. The lane waits for the decoder's instead.
        return from_dlpack(plane.__dlpack__()).to(self._device)

    def _prepare_run(self, num: int, size_hw: tuple[int, int]) -> Run:
        shape = num, 3, *size_hw
        network = self._network.forward_centred
        return prepare_run(network, shape, self._dtype, self._device)

    def _free(self) -> None:
        """Let go all shapes, once the device is done with them."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self._run.cache_clear()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def _fill_from_planes(
    on_device: Sequence[Tensor],
    uploaded: Sequence[Tensor],
    out: Tensor,
    *,
    colour: ColourSpec,
    rotation: int,
    mean: tuple[float, float, float],
) -> None:
    """Write a picture of the network's input from Y, U and V, or from Y and UV."""
    y, u, *rest = on_device or uploaded
    v = rest[0] if rest else u[..., 1]
    u = u if rest else u[..., 0]
    fill_input((y, u, v), out, colour=colour, rotation=rotation, mean=mean)


def _fill_from_rgb(
    arrays: Sequence[Tensor], out: Tensor, *, mean: tuple[float, float, float]
) -> None:
    """Write a picture of the network's input from one that has its size, (h, w, 3)."""
    for channel, subtracted in enumerate(mean):
        out[channel] = arrays[0][..., channel] - subtracted
