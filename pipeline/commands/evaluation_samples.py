"""What ``evaluate`` scores on: labelled pictures, or a clip with its masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from maskstream.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from maskstream.models.classes import ClassTable
    from maskstream.training.datasets import Labels, Picture

__all__ = ["open_samples"]


def open_samples(
    data: Path | None,
    split: str,
    layout: str,
    clip: Path | None,
    masks: Path | None,
    classes: ClassTable,
) -> Iterable[tuple[Picture, Labels]]:
    """Open the labelled pictures or the clip that is asked for.

    Raises:
        ConfigError: if both or neither is given, or the labels are of other classes.
    """
    from maskstream.training.dataset import LabelledFolder

    if data is None and clip is None:
        raise ConfigError("what to score on is missing: --data DIR or --clip VIDEO")
    if data is not None and clip is not None:
        raise ConfigError("--data and --clip are scored one at a time; leave one out")
    if masks is not None and clip is None:
        raise ConfigError("--masks belong to a clip; --clip VIDEO is wanted with them")
    if clip is not None:
        return _clip_samples(clip, masks, classes)
    assert data is not None
    folder = LabelledFolder.open(data, split, layout=layout, classes=classes)
    _check_classes(data, folder.classes, classes)
    return folder


def _clip_samples(
    clip: Path, masks: Path | None, classes: ClassTable
) -> Iterator[tuple[Picture, Labels]]:
    from maskstream.stages.mask_png import CLASSES_FILE
    from maskstream.stages.masks_reader import open_masks
    from maskstream.training.clip_truth import (
        read_frames,
        read_masks_in_order,
        with_masks,
        without_masks,
    )

    if masks is None:
        yield from without_masks(read_frames(clip))
    elif masks.is_dir() and not (masks / CLASSES_FILE).is_file():
        times = [seconds for seconds, _ in read_frames(clip)]
        truth = read_masks_in_order(masks, len(classes), times)
        yield from with_masks(read_frames(clip), truth)
    else:
        with open_masks(masks) as opened:
            _check_classes(masks, opened.classes, classes)
            yield from with_masks(read_frames(clip), opened)


def _check_classes(source: Path, labelled: ClassTable, known: ClassTable) -> None:
    """Refuse labels whose ids mean other classes than the network's."""
    if labelled.names != known.names:
        raise ConfigError(
            f"{source}: labels are of {', '.join(labelled.names)}; "
            f"the network knows {', '.join(known.names)}"
        )
