"""Pictures that lie among those of a data set and are in none of its splits."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from PIL import Image

__all__ = ["unused_pictures"]

_UNREADABLE = {".avif", ".heic", ".heif", ".jxl"}
"""Suffixes of pictures that Pillow may not know."""


def unused_pictures(root: Path, used: Collection[Path]) -> list[Path]:
    """List the pictures and label maps that no split reads, in order.

    Only the folders of ``root`` are looked through that something is read from.

    Args:
        root: The folder of the data set.
        used: All that is read, below ``root``.
    """
    suffixes = Image.registered_extensions().keys() | _UNREADABLE
    tops = {root / path.relative_to(root).parts[0] for path in used}
    return sorted(
        path
        for top in tops
        for path in top.rglob("*")
        if path.suffix.lower() in suffixes and path not in used
    )
