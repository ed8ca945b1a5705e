"""Files that are pictures: which they are, and in what order they are shown."""

from __future__ import annotations

import re
from pathlib import Path

from maskstream.pipeline.errors import SourceError

__all__ = [
    "is_picture",
    "is_picture_pattern",
    "list_folder",
    "list_pattern",
    "natural_key",
]

_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_KINDS = "jpg, png, bmp, webp or tiff"
_NUMBER = re.compile(r"%(?:0(?P<digits>\d+))?d")


def is_picture(path: Path) -> bool:
    """Tell by the suffix whether a file is one picture rather than a video."""
    return path.suffix.lower() in _SUFFIXES


def is_picture_pattern(path: Path) -> bool:
    """Tell whether a name is a pattern with one number, such as ``%06d.png``."""
    return is_picture(path) and len(_NUMBER.findall(path.name)) == 1


def natural_key(path: Path) -> list[tuple[int, str]]:
    """Sort key that puts ``9.png`` before ``10.png``."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def list_folder(folder: Path, given: str) -> tuple[Path, ...]:
    """List the pictures in a folder, as people would count them.

    Raises:
        SourceError: There is none.
    """
    pictures = [path for path in folder.iterdir() if _is_visible_picture(path)]
    if not pictures:
        raise SourceError(f"{given}: a folder without pictures ({_KINDS})")
    return tuple(sorted(pictures, key=natural_key))


def list_pattern(pattern: Path, given: str) -> tuple[Path, ...]:
    """List the pictures whose names fit a pattern, by their number.

    Unlike FFmpeg's own reading of such a pattern, the first number may be any and
    numbers may be missing.

    Raises:
        SourceError: There is none.
    """
    (number,) = _NUMBER.finditer(pattern.name)
    digits = rf"\d{{{int(number['digits'])},}}" if number["digits"] else r"\d+"
    before, after = pattern.name[: number.start()], pattern.name[number.end() :]
    fits = re.compile(f"{re.escape(before)}({digits}){re.escape(after)}")
    folder = pattern.parent
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    numbered = {
        int(match[1]): match[0] for match in map(fits.fullmatch, names) if match
    }
    if not numbered:
        raise SourceError(f"{given}: no file fits the pattern")
    return tuple(folder / numbered[key] for key in sorted(numbered))


def _is_visible_picture(path: Path) -> bool:
    return is_picture(path) and path.is_file() and not path.name.startswith(".")
