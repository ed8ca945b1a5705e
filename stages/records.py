"""Records: what was seen in each frame, one line of JSON a frame.

The first line says what the others mean. A line is written at once and whole, so a kill
leaves whole lines.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.objects import find_objects
from maskstream.stages.output import complete, explain_failure, partial_name

__all__ = ["FORMAT_VERSION", "Records"]

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Records:
    """Writes one JSON object a frame: its time, its classes and what it shows.

    Raises:
        ConfigError: ``masks`` is asked for and pycocotools is not installed.
    """

    path: Path
    classes: ClassTable
    ledger: Ledger
    masks: bool = False
    """Add the mask of each class, run-length coded as COCO does."""
    objects: bool = False
    """Add the connected regions of countable classes."""
    min_area: int = 100
    """Smallest region that is an object, in pixels."""
    sink: str = "records"

    def __post_init__(self) -> None:
        if self.masks:
            _coco()

    def __call__(self, inbox: Inbox) -> Outputs:
        """Write a line for every segmentation that ``inbox`` gives."""
        items = iter(inbox)
        first = next(items, None)
        if first is None:
            return
        partial = partial_name(self.path)
        with explain_failure(self.path, kept=partial):
            with partial.open("w", buffering=1, encoding="utf-8") as file:
                file.write(_line(self._header()))
                for item in chain((first,), items):
                    file.write(_line(self._record(item)))
                    self.ledger.written(item.frame.stream, self.sink)
                    yield
            complete(self.path, self.ledger, first.frame.stream, self.sink)

    def _header(self) -> dict[str, Any]:
        return {
            "format": "maskstream.records",
            "version": FORMAT_VERSION,
            "classes": self.classes.names,
            "colours": self.classes.colours,
            "countable": self.classes.countable,
        }

    def _record(self, item: Segmentation) -> dict[str, Any]:
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
        return record


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
