"""Pictures and their labels -> a folder that training reads.

DIR/images/SPLIT/NAME.jpg with DIR/labels/SPLIT/NAME.png
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from maskstream.pipeline.errors import SinkError, SourceError
from maskstream.training.dataset import Labels, Picture

__all__ = ["write_labelled"]

_JPEG_QUALITY = 95


def write_labelled(
    labelled: Iterable[tuple[str, Picture, Labels]], out: Path, *, split: str, void: int
) -> tuple[int, float]:
    """Write a split of a data set.

    Args:
        labelled: name, (H, W, 3) RGB picture and (H, W) labels of each.
        out: folder of the data set, made where it is missing.
        split: the split that they belong to.
        void: the label of pixels that have none.

    Returns:
        The pictures written, and the share of their pixels that have a label.

    Raises:
        SinkError: the folder cannot be written.
    """
    images, truth = out / "images" / split, out / "labels" / split
    shares = []
    try:
        images.mkdir(parents=True, exist_ok=True)
        truth.mkdir(parents=True, exist_ok=True)
        for name, picture, labels in labelled:
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
