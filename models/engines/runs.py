"""The network for one shape of batch: an input to fill, and the scores of it.

Input and scores lie where they did the time before, so that on a CUDA device the whole
network is one graph, replayed without Python and its launches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Run", "prepare_run"]

logger = logging.getLogger(__name__)

Network = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One stream at a time fills the input, runs, and reads the scores."""

    pictures: Tensor  # (N, 3, h, w), channels last
    score: Callable[[], Tensor]
    """Score the pictures; the tensor holds until the next call."""


def prepare_run(
    network: Network,
    shape: tuple[int, int, int, int],
    dtype: torch.dtype,
    device: torch.device,
) -> Run:
    """Make the network ready for a shape, on the current stream.

    Raises:
        torch.OutOfMemoryError: the device has too little memory for it.
        RuntimeError: the network cannot run on it.
    """
    pictures = torch.zeros(shape, dtype=dtype, device=device)
    pictures = pictures.to(memory_format=torch.channels_last)
    if device.type == "cpu":
        return Run(pictures, lambda: network(pictures))
    for _ in range(2):  # what libraries choose and allocate at first is no part of it
        network(pictures)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(
            graph,
            stream=torch.cuda.current_stream(device),
            capture_error_mode="thread_local",  # others fetch labels meanwhile
        ):
            scores = network(pictures)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        logger.warning(
            "the network runs without a CUDA graph: %s", str(error).splitlines()[0]
        )
        return Run(pictures, lambda: network(pictures))

    def replay() -> Tensor:
        graph.replay()
        return scores

    return Run(pictures, replay)
