"""A disk with less room than must stay free."""

from __future__ import annotations

import errno
from pathlib import Path

__all__ = ["DiskFullError"]


class DiskFullError(OSError):
    """There is less room than must stay free."""

    def __init__(self, free_bytes: int, wanted_bytes: int, folder: Path) -> None:
        super().__init__(
            errno.ENOSPC,
            f"{_size(free_bytes)} free, {_size(wanted_bytes)} needed",
            str(folder),
        )


def _size(num_bytes: int) -> str:
    if num_bytes < 1e6:
        return f"{num_bytes / 1e3:.0f} kB"
    return (
        f"{num_bytes / 1e6:.1f} MB" if num_bytes < 1e9 else f"{num_bytes / 1e9:.2f} GB"
    )
