"""Semantic masks from video, continuously: FCN-8s on files, cameras and streams.

import maskstream

maskstream.segment_video("drive.mp4", "drive.masked.mp4", mask="drive.masks.mkv")
with maskstream.open_masks("drive.masks.mkv") as masks:
    for pts_seconds, labels in masks:  # (H, W) uint8 class ids
        ...
"""

from importlib.metadata import version

from maskstream.pipeline.app import segment_video
from maskstream.pipeline.errors import MaskStreamError
from maskstream.stages.masks_reader import open_masks

__all__ = ["MaskStreamError", "__version__", "open_masks", "segment_video"]

__version__ = version("maskstream")
