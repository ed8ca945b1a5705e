"""What tests of decoding on the device need."""

from __future__ import annotations

import os

import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.nvdec import check_nvdec

__all__ = ["has_nvdec", "needs_nvdec"]


def has_nvdec() -> bool:
    """Whether FFmpeg has a CUDA device here."""
    try:
        check_nvdec()
    except ConfigError:
        return False
    return True


needs_nvdec = pytest.mark.skipif(
    not has_nvdec() and not os.environ.get("FAIL_WITHOUT_CUDA"),
    reason="no CUDA device",
)
