"""Records: what was seen in each frame, one line of JSON a frame.

The first line says what the others mean. A line is written at once and whole, so a kill
leaves whole lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from maskstream.models.classes import ClassTable
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.output import complete, explain_failure, partial_name
from maskstream.stages.record_lines import FORMAT_VERSION, RecordLines

__all__ = ["FORMAT_VERSION", "Records"]


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
        self._lines()

    def __call__(self, inbox: Inbox) -> Outputs:
        """Write a line for every segmentation that ``inbox`` gives."""
        items = iter(inbox)
        first = next(items, None)
        if first is None:
            return
        lines = self._lines()
        partial = partial_name(self.path)
        with explain_failure(self.path, kept=partial):
            with partial.open("w", buffering=1, encoding="utf-8") as file:
                file.write(lines.header())
                for item in chain((first,), items):
                    file.write(lines.record(item))
                    self.ledger.written(item.frame.stream, self.sink)
                    yield
            complete(self.path, self.ledger, first.frame.stream, self.sink)

    def _lines(self) -> RecordLines:
        return RecordLines(self.classes, self.masks, self.objects, self.min_area)
