"""Exports that take their names when they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from maskstream.pipeline.errors import ConfigError, MaskStreamError, SinkError

__all__ = ["check_output", "written_whole"]


def check_output(output: Path, suffix: str) -> None:
    """Refuse a name that an export could not have.

    Raises:
        ConfigError: the suffix is another, or the folder missing.
    """
    if output.suffix != suffix:
        raise ConfigError(f"{output}: this format's files end in {suffix}")
    if not output.parent.is_dir():
        raise ConfigError(f"{output.parent}: there is no such folder to write into")


@contextmanager
def written_whole(output: Path, beside: str | None = None) -> Iterator[Path]:
    """Give a name to write to, and make it ``output`` at the end of the block.

    An error leaves the file that was there.

    Args:
        output: replaced if it is there.
        beside: suffix of a second file, without which the first is nothing.

    Raises:
        SinkError: the disk is full, or may not be written to.
    """
    try:
        with TemporaryDirectory(dir=output.parent, prefix=f".{output.stem}-") as folder:
            part = Path(folder) / output.name
            yield part
            if beside is not None:
                # A kill in between leaves a .bin alone, never one with another's .xml.
                output.unlink(missing_ok=True)
                part.with_suffix(beside).replace(output.with_suffix(beside))
            part.replace(output)
    except MaskStreamError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SinkError(f"{output} cannot be written: {reason}") from error
