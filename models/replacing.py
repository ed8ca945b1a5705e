"""Files that take their name when they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskstream.pipeline.errors import SinkError

__all__ = ["replacing"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to, and make it ``path`` at the end of the block.

    A kill at any moment, a full disk or an error leaves the file that was there.

    Raises:
        SinkError: it cannot be written; nothing is left beside it.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise SinkError(f"{path} cannot be written: {reason}") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
