"""Triton's kernels where they can run, else their twins in plain torch."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from torch import Tensor

__all__ = ["runs_triton"]


def runs_triton(x: Tensor) -> bool:
    """Whether the Triton kernels can work on ``x``, where it lies."""
    return x.is_cuda and _has_triton()


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None
