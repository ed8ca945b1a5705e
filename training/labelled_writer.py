"""Pictures and their labels -> a folder that training reads.

DIR/images/SPLIT/NAME.jpg with DIR/labels/SPLIT/NAME.png
DIR/classes.json              what the labels mean
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import ConfigError, SinkError, SourceError
from maskstream.training.dataset import Labels, Picture
from maskstream.training.datasets.class_file import read_class_file

__all__ = ["write_labelled"]

_JPEG_QUALITY = 95


def write_labelled(
    labelled: Iterable[tuple[str, Picture, Labels]],
    out: Path,
    *,
    split: str,
    classes: ClassTable,
    void: int,
) -> tuple[int, float]:
    """Write a split of a data set. A name that comes twice gets a number.

    Args:
        labelled: name, (H, W, 3) RGB picture and (H, W) labels of each.
        out: folder of the data set, made where it is missing.
        split: the split that they belong to, which must be new or empty.
        classes: what the labels mean.
        void: the label of pixels that have none.

    Returns:
        The pictures written, and the share of their pixels that have a label.

    Raises:
        ConfigError: the split has pictures already, or the folder other classes.
        SinkError: the folder cannot be written.
    """
    images, truth = out / "images" / split, out / "labels" / split
    for folder in (images, truth):
        if folder.is_dir() and any(folder.iterdir()):
            raise ConfigError(f"{folder} is not empty; give another folder or split")
    table = out / "classes.json"
    if table.is_file() and read_class_file(table).classes != classes:
        raise ConfigError(f"{table}: the pictures there have other classes")
    shares = []
    names: set[str] = set()
    try:
        images.mkdir(parents=True, exist_ok=True)
        truth.mkdir(parents=True, exist_ok=True)
        table.write_text(classes.to_json() + "\n", encoding="utf-8")
        for given, picture, labels in labelled:
            name = _unique(given, names)
            names.add(name)
            _, png = cv2.imencode(".png", labels)
            _, jpeg = cv2.imencode(
                ".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
            )
            # The picture last: one without labels would be refused in training.
            (truth / f"{name}.png").write_bytes(png.tobytes())
            (images / f"{name}.jpg").write_bytes(jpeg.tobytes())
            shares.append(float((labels != void).mean()))
    except SourceError:
        raise  # an OSError too, but the pictures' and not the folder's
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SinkError(f"{out}: {reason}") from error
    return len(shares), float(np.mean(shares)) if shares else 0.0


def _unique(name: str, names: set[str]) -> str:
    unique, number = name, 1
    while unique in names:
        number += 1
        unique = f"{name}-{number}"
    return unique
