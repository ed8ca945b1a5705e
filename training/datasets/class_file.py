"""Class tables that lie beside pictures, in the forms in which they are found."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maskstream.models.classes import ClassTable, Colour
from maskstream.pipeline.errors import ConfigError
from maskstream.training.datasets.labels import MAX_CLASSES, VOID

__all__ = ["ColourTable", "find_class_file", "read_class_file"]

_NO_CLASS = {"void", "unlabelled", "unlabeled", "ignore"}


@dataclass(frozen=True, slots=True)
class ColourTable:
    """Named colours; some of them mean no class."""

    classes: ClassTable
    class_ids: dict[Colour, int]  # by the colour in a label file, VOID for no class

    @classmethod
    def of(cls, classes: ClassTable) -> ColourTable:
        """Take each class's own colour, and black for no class where it is free."""
        own = {colour: index for index, colour in enumerate(classes.colours)}
        return cls(classes, {(0, 0, 0): VOID} | own)

    @classmethod
    def of_rows(cls, rows: list[tuple[str, Colour]]) -> ColourTable:
        """Number the rows but those named void, unlabelled or ignore."""
        named = [row for row in rows if row[0].casefold() not in _NO_CLASS]
        table = cls.of(
            ClassTable(
                tuple(name for name, _ in named), tuple(colour for _, colour in named)
            )
        )
        void = {colour: VOID for name, colour in rows if name.casefold() in _NO_CLASS}
        return cls(table.classes, table.class_ids | void)


def find_class_file(root: Path) -> Path | None:
    """Find the class table of a folder by its name."""
    return next((root / name for name in _READERS if (root / name).is_file()), None)


def read_class_file(path: Path) -> ColourTable:
    """Read ``classes.json``, ``class_dict.csv`` or ``label_colors.txt``.

    Raises:
        ConfigError: if the file is no class table.
    """
    read = _READERS.get(path.name, _read_json)
    try:
        table = read(path.read_text(encoding="utf-8-sig"))
        _check(table.classes)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{path}: {reason}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a class table: not UTF-8") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return table


def _check(classes: ClassTable) -> None:
    """Refuse what labels could not be read by, or told apart in."""
    if len(classes) > MAX_CLASSES:
        raise ConfigError(
            f"labels are bytes, of which {MAX_CLASSES} can be classes, "
            f"got {len(classes)}"
        )
    for what, given in (("name", classes.names), ("colour", classes.colours)):
        counts = Counter[object](given)
        twice = next((one for one, count in counts.items() if count > 1), None)
        if twice is not None:
            raise ConfigError(f"two classes have the {what} {twice}")


def _read_json(text: str) -> ColourTable:
    """Read what `ClassTable.to_json` writes."""
    return ColourTable.of(ClassTable.from_json(text))


def _read_csv(text: str) -> ColourTable:
    """Read rows of name, r, g, b below a header."""
    _, *lines = csv.reader(text.splitlines() or [""], skipinitialspace=True)
    rows: list[tuple[str, Colour]] = []
    for line in filter(None, lines):  # an editor leaves an empty one at the end
        try:
            name, r, g, b = line
            rows.append((name.strip(), (int(r), int(g), int(b))))
        except ValueError:
            raise ConfigError(
                f"a class is a row of name, r, g, b, got {', '.join(line)}"
            ) from None
    return ColourTable.of_rows(rows)


def _read_txt(text: str) -> ColourTable:
    """Read lines of R G B and a name, as CamVid's ``label_colors.txt``."""
    rows = re.findall(r"^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)", text, re.MULTILINE)
    return ColourTable.of_rows(
        [(name, (int(r), int(g), int(b))) for r, g, b, name in rows]
    )


_READERS: dict[str, Callable[[str], ColourTable]] = {
    "classes.json": _read_json,
    "class_dict.csv": _read_csv,
    "label_colors.txt": _read_txt,
}
