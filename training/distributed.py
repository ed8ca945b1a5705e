"""Several processes that train one network, as ``torchrun`` starts them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

__all__ = ["Processes", "is_first_process", "join_processes", "sum_over_processes"]

_CPU = torch.device("cpu")
_runs = itertools.count()


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

    def any(self, fact: bool) -> bool:
        """Tell whether a fact holds in one process at least; all must ask."""
        if self.count == 1:
            return fact
        holds = torch.tensor(int(fact), device=self.device)
        dist.all_reduce(holds, dist.ReduceOp.MAX)
        return bool(holds)


def is_first_process() -> bool:
    """Tell whether this one speaks, before they are joined."""
    return os.environ.get("RANK", "0") == "0"


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
    store, rank, count = next(rendezvous("env://"))
    # A second run of these processes must not find the addresses of the first.
    store = PrefixStore(f"run-{next(_runs)}", store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=count)
    try:
        yield Processes(rank, count, device)
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
