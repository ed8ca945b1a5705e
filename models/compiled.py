"""Loops in machine code: compiled by numba once, then kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["compiled"]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call, to run without the GIL.

    The result is cached beside its file, or in the user's cache folder where the
    package cannot be written; where neither can, each process compiles anew.
    """
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder for the cache
        return numba.njit(nogil=True)(function)
