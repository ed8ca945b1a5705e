"""What glibc says of the memory of this process."""

from __future__ import annotations

import ctypes

import pytest

__all__ = ["native_bytes_in_use"]

_NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"


class _Mallinfo2(ctypes.Structure):
    """As malloc.h has it."""

    _fields_ = [(name, ctypes.c_size_t) for name in _NAMES.split()]


def native_bytes_in_use() -> int:
    """Count what is allocated and not freed, in every heap; skip without glibc 2.33."""
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        pytest.skip("needs glibc 2.33")
    mallinfo2.restype = _Mallinfo2
    figures = mallinfo2()
    return int(figures.uordblks + figures.hblkhd)
