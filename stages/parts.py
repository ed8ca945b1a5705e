"""One file for a stream, and another whenever its pictures change their format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Outputs
from maskstream.stages.output import complete, explain_failure, numbered, partial_name

__all__ = ["Part", "frame_of", "write_parts"]

Item = TypeVar("Item", Frame, Segmentation)
Item_contra = TypeVar("Item_contra", Frame, Segmentation, contravariant=True)


class Part(Protocol[Item_contra]):
    """A file being written."""

    def write(self, item: Item_contra) -> None:
        """Write one item, or hold it back for a while as an encoder does."""

    def flush(self) -> None:
        """Write what was held back."""


def frame_of(item: Frame | Segmentation) -> Frame:
    """Find the frame that an item is, or is about."""
    return item.frame if isinstance(item, Segmentation) else item


def write_parts(
    inbox: Iterable[Item],
    path: Path,
    open_part: Callable[[Path, Item], AbstractContextManager[Part[Item]]],
    ledger: Ledger,
    sink: str,
) -> Outputs:
    """Write the items to ``path``, those after a change of format to ``NAME-2``, ...

    Args:
        inbox: The items of one stream.
        path: The first file's own name.
        open_part: Opens a file under a partial name for items like the one given;
            leaving the context closes the file, whether or not all went well.
        ledger: Knows whether the sink has missed a frame.
        sink: The sink's name there.

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
        own_name = numbered(path, number)
        first = frame_of(item)
        with explain_failure(own_name):
            with open_part(partial_name(own_name), item) as part:
                while item is not None and frame_of(item).format is first.format:
                    part.write(item)
                    yield
                    item = next(items, None)
                part.flush()
            if item is None:
                complete(own_name, ledger, first.stream, sink)
            else:
                partial_name(own_name).replace(own_name)
