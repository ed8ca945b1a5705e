"""Several processes that train one network, as ``torchrun`` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

__all__ = ["Processes", "join_processes", "sum_over_processes"]


_CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a run, seen from one of them."""

    rank: int = 0
    count: int = 1
    device: torch.device = _CPU

    @property
    def is_first(self) -> bool:
        """This is the one that writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until all have come here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def join_processes() -> Iterator[Processes]:
    """Join the processes that ``torchrun`` started; alone if it did not.

    Each takes its own GPU where there are any, and they talk through nccl; otherwise
    they share the CPU and talk through gloo.
    """
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    device = _CPU
    if torch.cuda.is_available():
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    if "RANK" not in os.environ:
        yield Processes(device=device)
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()


def sum_over_processes(values: Tensor) -> Tensor:
    """Add a tensor up over all processes; gradients flow back to each.

    A loss made of such sums is that of all the pictures, the same in every process,
    and the mean of the processes' gradients is then its gradient.
    """
    if not dist.is_initialized():
        return values
    total: Tensor = _Sum.apply(values)
    return total


class _Sum(torch.autograd.Function):
    """A sum over the processes whose gradient is summed over them too."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        return _all_reduced(values)

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return _all_reduced(gradient)


def _all_reduced(values: Tensor) -> Tensor:
    total = values.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total
