"""Lines of the records: what one says of a frame, and what the first says of all."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import utc_text
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Segmentation
from maskstream.stages.objects import find_objects

__all__ = ["FORMAT_VERSION", "RecordLines"]

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class RecordLines:
    """Builds lines of JSON, each with its newline.

    Raises:
        ConfigError: ``masks`` is asked for and pycocotools is not installed.
    """

    classes: ClassTable
    masks: bool = False
    """Add the mask of each class, run-length coded as COCO does."""
    objects: bool = False
    """Add the connected regions of countable classes."""
    min_area: int = 100
    """Smallest region that is an object, in pixels."""

    def __post_init__(self) -> None:
        if self.masks:
            _coco()

    def header(self) -> str:
        """Build the first line, which says what the others mean."""
        return _line(
            {
                "format": "maskstream.records",
                "version": FORMAT_VERSION,
                "classes": self.classes.names,
                "colours": self.classes.colours,
                "countable": self.classes.countable,
            }
        )

    def record(self, item: Segmentation) -> str:
        """Build the line of one frame: its time, its classes and what it shows."""
        frame, labels = item.frame, item.labels
        # Faster than numpy's bincount, and without the interpreter's lock.
        counts = cv2.calcHist([labels], [0], None, [256], [0, 256]).ravel()
        shares = (counts / labels.size).round(6).tolist()
        record: dict[str, Any] = {
            "stream": frame.stream,
            "index": frame.index,
            "pts": frame.pts,
            "time_base": str(frame.format.time_base),
            "seconds": round(frame.pts_seconds, 6),
            "estimated": frame.is_estimated,
            "captured_at": (
                None if frame.captured_at is None else utc_text(frame.captured_at)
            ),
            "held": item.is_held,
            "network_size": item.network_hw,
            "size": [frame.format.height, frame.format.width],
            "rotation": frame.format.rotation,
            "shares": dict(zip(self.classes.names, shares, strict=False)),
        }
        if self.masks:
            seen = np.flatnonzero(counts[: len(self.classes)]).tolist()
            record["masks"] = {
                self.classes.names[class_id]: _run_lengths(labels == class_id)
                for class_id in seen
            }
        if self.objects:
            record["objects"] = [
                {
                    "class": it.class_name,
                    "box": [it.left, it.top, it.width, it.height],
                    "area": it.area,
                }
                for it in find_objects(labels, self.classes, self.min_area)
            ]
        return _line(record)


def _run_lengths(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Code a mask as COCO's tools read it: {"size": [H, W], "counts": text}."""
    coded = _coco().encode(np.asfortranarray(mask).view(np.uint8))
    return {"size": coded["size"], "counts": coded["counts"].decode("ascii")}


def _coco() -> Any:
    try:
        return importlib.import_module("pycocotools.mask")
    except ImportError as error:
        raise ConfigError(
            "run-length masks need pycocotools, which is not installed; "
            "pip install 'maskstream[coco]' installs it"
        ) from error


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"
