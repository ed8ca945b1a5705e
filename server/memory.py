"""Native memory of a process whose streams come and go for months."""

from __future__ import annotations

import ctypes

__all__ = ["bound_arenas", "give_back_freed_memory"]

_M_ARENA_MAX = -8  # glibc's malloc.h
_MAX_ARENAS = 2


def bound_arenas() -> None:
    """Have all threads share few of glibc's heaps.

    Each new thread may get a heap of its own, up to eight for each core, and every
    stream begins some ten threads. What FFmpeg frees on one is then room that the next
    stream, on others, does not find. Call it before threads are started. Without glibc
    nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_ARENA_MAX, _MAX_ARENAS)


def give_back_freed_memory() -> None:
    """Give what has been freed back to the system, wherever in a heap it lies.

    By itself glibc does so at the end of the first heap alone. It takes some
    milliseconds, for which threads that want memory may wait. Without glibc nothing
    happens.
    """
    try:
        malloc_trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    malloc_trim(0)
