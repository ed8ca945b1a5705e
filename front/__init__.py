"""Semantic masks from video, continuously: FCN-8s on files, cameras and streams.

    import maskstream

    maskstream.segment_video("drive.mp4", "drive.masked.mp4", mask="drive.masks.mkv")
    with maskstream.open_masks("drive.masks.mkv") as masks:
        for pts_seconds, labels in masks:  # (H, W) uint8 class ids
            ...

The names are loaded when they are first used: torch alone takes seconds to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskstream.pipeline.app import segment_video
    from maskstream.pipeline.errors import MaskStreamError
    from maskstream.stages.masks_reader import open_masks

    __version__: str

__all__ = ["MaskStreamError", "__version__", "open_masks", "segment_video"]

_HOMES = {
    "MaskStreamError": "maskstream.pipeline.errors",
    "open_masks": "maskstream.stages.masks_reader",
    "segment_video": "maskstream.pipeline.app",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("maskstream")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
