"""Disks that are soon full; only root may mount them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["mounted"]


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of ``size``, such as "16M", on a new folder, and unmount it."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    subprocess.run(["mount", *options], check=True)
    try:
        yield folder
    finally:
        # -l: a file of it may still be open where a test has failed
        subprocess.run(["umount", "-l", str(folder)], check=True)
