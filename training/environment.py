"""Where a run took place: versions, the machine and the state of the code."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

__all__ = ["describe_environment"]

_PACKAGES = ("maskstream", "torch", "torchvision", "timm", "numpy")


def describe_environment() -> dict[str, object]:
    """Collect what may explain why a run cannot be repeated elsewhere."""
    has_gpu = torch.cuda.is_available()
    return {
        "versions": {name: _version(name) for name in _PACKAGES},
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if has_gpu else None,
        "cuda": torch.version.cuda if has_gpu else None,
        "commit": _commit(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Name the commit of this code, with a mark where files differ from it."""
    code = Path(__file__).resolve()
    try:
        # A wheel may lie in the folders of another repository, which does not know it.
        _git(code.parent, "ls-files", "--error-unmatch", code.name)
        return _git(code.parent, "describe", "--always", "--abbrev=40", "--dirty")
    except (OSError, subprocess.SubprocessError):
        return None  # installed from a wheel, or a machine without git


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    return done.stdout.strip()
