"""What a test cannot do without."""

from __future__ import annotations

import os
from importlib import import_module

import pytest

__all__ = ["need_module"]


def need_module(name: str) -> None:
    """Skip where a package is not installed; in CI, where it must be, fail."""
    if os.environ.get("CI"):
        import_module(name)
    else:
        pytest.importorskip(name)
