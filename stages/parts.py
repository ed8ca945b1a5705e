"""One file for a stream, and another whenever its pictures change their format."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.output import complete, explain_failure, numbered, partial_name

__all__ = ["Part", "write_parts"]


class Part(Protocol):
    """A file being written."""

    def write(self, item: Segmentation) -> None:
        """Write one item, or hold it back for a while as an encoder does."""

    def flush(self) -> None:
        """Write what was held back."""


def write_parts(
    inbox: Inbox,
    path: Path,
    open_part: Callable[[Path, Segmentation], AbstractContextManager[Part]],
    ledger: Ledger,
    sink: str,
    reserved: Collection[Path],
) -> Outputs:
    """Write the items to ``path``, those after a change of format to ``NAME-2``, ...

    Args:
        inbox: Gives the segmentations of one stream.
        path: The first file's own name.
        open_part: Opens a file under a partial name for items like the one given;
            leaving the context closes the file, whether or not all went well.
        ledger: Knows whether the sink has missed a frame.
        sink: The sink's name there.
        reserved: Names of other outputs, none of which a further file may take.

    Yields:
        None for each item.

    Raises:
        SinkError: A file cannot be written.
    """
    items = iter(inbox)
    item = next(items, None)
    number = 0
    while item is not None:
        number += 1
        own_name = numbered(path, number, reserved)
        first = item.frame
        partial = partial_name(own_name)
        with explain_failure(own_name, kept=partial):
            with open_part(partial, item) as part:
                while item is not None and item.frame.format is first.format:
                    part.write(item)
                    yield
                    item = next(items, None)
                part.flush()
            if item is None:
                complete(own_name, ledger, first.stream, sink)
            else:
                partial.replace(own_name)
                ledger.made(first.stream, sink, own_name)
