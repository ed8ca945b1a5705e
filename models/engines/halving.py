"""Batches as large as the device has memory for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import torch

__all__ = ["MemoryBound"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class MemoryBound:
    """Halves what runs at once when memory runs out, and remembers it."""

    def __init__(self, free: Callable[[], None]) -> None:
        """Start without a limit.

        Args:
            free: lets go what the device can do without.
        """
        self._free = free
        self._max_size: int | None = None

    def run(self, size: int, work: Callable[[slice], list[T]]) -> list[T]:
        """Do work on all of a batch, on parts of it if need be.

        Raises:
            torch.OutOfMemoryError: one picture alone is too large.
        """
        done: list[T] = []
        while len(done) < size:
            limit = self._max_size or size
            some = slice(len(done), min(len(done) + limit, size))
            # Not in the handler: while it runs, the error keeps the memory.
            if not self._fits(work, some, done):
                self._free()
                self._max_size = (some.stop - some.start) // 2
                logger.warning(
                    "the device has too little memory for a batch of %d; "
                    "from here on at most %d at a time",
                    some.stop - some.start,
                    self._max_size,
                )
        return done

    def _fits(
        self, work: Callable[[slice], list[T]], some: slice, done: list[T]
    ) -> bool:
        """Do one part; tell whether there was memory for it."""
        try:
            done += work(some)
        except torch.OutOfMemoryError:
            if some.stop - some.start == 1:
                raise
            return False
        return True
