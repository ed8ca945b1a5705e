"""The network in torch, on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from maskstream.models.engines.base import Pending
from maskstream.models.engines.cores import available_cores
from maskstream.models.engines.lanes import CpuLane
from maskstream.models.fcn import FCN
from maskstream.models.folding import folded
from maskstream.models.upsample import labels_from_scores, prepare_kernel

__all__ = ["DTYPES", "TorchEngine"]

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEngine:
    """A copy of the network, folded, its weights cast and laid out channels last.

    The weights are cast rather than autocast: that converts nothing at run time, and
    pictures of 8 bits stay exact in bf16 and fp16 up to the normalisation.
    """

    name = "torch"
    device = "cpu"

    def __init__(
        self, model: FCN, *, precision: str, threads: int | None = None
    ) -> None:
        """Copy the network.

        Args:
            model: left as it is.
            precision: ``fp32`` or ``bf16``.
            threads: CPU threads, for all of torch in this process; by default as many
                as this process has cores.
        """
        self.precision = precision
        self._dtype = DTYPES[precision]
        self._grid = model.score_grid
        self._network = folded(model)
        self._network.to(dtype=self._dtype).to(memory_format=torch.channels_last)
        torch.set_num_threads(threads or available_cores())
        prepare_kernel()
        self._lane = CpuLane()

    def submit(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        sizes_hw: Sequence[tuple[int, int]],
    ) -> Pending:
        """Start the network on (h, w, 3) RGB pictures; see `Engine.submit`."""
        shape = (len(pictures), *pictures[0].shape)
        batch = torch.empty(shape, dtype=torch.uint8)
        np.stack(pictures, out=batch.numpy())
        return self._lane.run(batch, partial(self._label, sizes_hw=sizes_hw))

    def busy_s(self) -> float:
        """Return for how long the device worked, as far as labels were fetched."""
        return self._lane.busy.total_s()

    def waited_s(self) -> float:
        """Return for how long the fetching of labels had to wait for the device."""
        return self._lane.waited.total_s()

    def close(self) -> None:
        """Wait for what is in flight and stop."""
        self._lane.close()

    @torch.inference_mode()
    def _label(
        self, batch: Tensor, sizes_hw: Sequence[tuple[int, int]]
    ) -> list[Tensor]:
        """Turn (N, h, w, 3) uint8 into N (H, W) uint8."""
        network_size_hw = batch.shape[1], batch.shape[2]
        pictures = batch.permute(0, 3, 1, 2)  # (N, 3, h, w), channels last as it lies
        scores = self._network(pictures.to(self._dtype))  # (N, K, h8, w8)
        return [
            torch.from_numpy(
                labels_from_scores(one, self._grid, network_size_hw, height, width)
            )
            for one, (height, width) in zip(
                scores.float().numpy(), sizes_hw, strict=True
            )
        ]
