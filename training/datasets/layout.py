"""What a layout of files must tell: its splits, and which labels go with a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.training.datasets.labels import Labels, Picture, read_picture

__all__ = [
    "Layout",
    "Listing",
    "Pairs",
    "held_out",
    "list_pictures",
    "pair_up",
    "read_lines",
]

Pairs = tuple[tuple[Path, Path], ...]
"""Pictures, each with the file of its labels."""

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one split, and how they are read."""

    pairs: Pairs
    classes: ClassTable
    read_labels: Callable[[Path], Labels]
    read_picture: Callable[[Path], Picture] = read_picture


class Layout(Protocol):
    """One way in which data sets lie on the disk."""

    @property
    def name(self) -> str:
        """What a user calls it."""
        ...

    @property
    def looks(self) -> str:
        """Where its files are, for people."""
        ...

    def is_at(self, root: Path) -> bool:
        """Tell whether a folder is laid out so."""
        ...

    def splits(self, root: Path) -> tuple[str, ...]:
        """Name the splits that are there."""
        ...

    def list_split(self, root: Path, split: str) -> Listing:
        """List a split, one of `splits`; no picture is read yet."""
        ...


def list_pictures(folder: Path) -> list[Path]:
    """List the pictures of a folder in the order of their names."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES)


def pair_up(pictures: Sequence[Path], labels: Path, ending: str = ".png") -> Pairs:
    """Give each picture the labels of its name in another folder."""
    return tuple((path, labels / f"{path.stem}{ending}") for path in pictures)


def read_lines(path: Path) -> list[str]:
    """Read a list of pictures, without its empty lines.

    Raises:
        ConfigError: it is missing or no text.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{path}: {reason}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: this list of pictures is not UTF-8: byte {error.start} is "
            f"{error.object[error.start]:#04x}"
        ) from error
    return [line for line in text.splitlines() if line.strip()]


def held_out(names: Sequence[Path], split: str) -> list[Path]:
    """Choose the ``train`` or ``val`` part of files that nobody has split.

    The last fifth is held out, not every fifth: neighbours in the order of names are
    often neighbours in a video, and a network that has seen one knows the other.
    """
    num_train = len(names) - max(1, len(names) // 5)
    return list(names[:num_train] if split == "train" else names[num_train:])
