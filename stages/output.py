"""Where results land: names are checked before a run, files take them when whole.

While it is written, ``clip.mp4`` is called ``clip.partial.mp4`` and can be played at
any moment. It takes its own name, at once and over an older file, when every decoded
frame of the stream has its outcome; a run that was cut short leaves the partial one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from maskstream.pipeline.errors import ConfigError, SinkError
from maskstream.pipeline.ledger import Ledger

__all__ = [
    "MASK_SUFFIXES",
    "VIDEO_SUFFIXES",
    "check_output",
    "check_output_folder",
    "complete",
    "explain_failure",
    "numbered",
    "partial_name",
]

_logger = logging.getLogger(__name__)

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv")
MASK_SUFFIXES = (".mkv",)
_MAX_NAME_BYTES = 255  # of every common file system


def check_output(
    path: Path,
    *,
    suffixes: Iterable[str],
    overwrite: bool = False,
    taken: Iterable[Path] = (),
) -> None:
    """Check that a result can be written to ``path``, before any work is done.

    Args:
        path: The file to be.
        suffixes: What its name may end with.
        overwrite: An older file of that name may be replaced.
        taken: Inputs and other outputs, none of which it may be.

    Raises:
        ConfigError: The sentence that says what is in the way.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder, where the name of a file was expected")
    if len(os.fsencode(partial_name(path).name)) > _MAX_NAME_BYTES:
        raise ConfigError(f"{path}: this name is too long for a file being written")
    if path.suffix.lower() not in suffixes:
        raise ConfigError(
            f"{path}: the name of this output must end with {' or '.join(suffixes)}, "
            f"got {path.suffix or 'no suffix'}"
        )
    _check_folder(path.parent)
    partial = partial_name(path)
    for other in taken:
        if other.resolve() == path.resolve():
            raise ConfigError(f"{path} is already the input or another output")
        if other.resolve() == partial.resolve():
            raise ConfigError(
                f"{path} is called {partial.name} while it is written, which is "
                "already the input or another output"
            )
    if os.path.lexists(path) and not overwrite:
        raise ConfigError(f"{path} exists; give another name, or overwrite it")
    if partial.exists() and not overwrite:
        raise ConfigError(
            f"{partial} is what a run before this one left; move it away, or "
            "overwrite it"
        )


def check_output_folder(path: Path, *, overwrite: bool = False) -> None:
    """Check that results can be written into the folder ``path``, which may be new.

    Raises:
        ConfigError: The sentence that says what is in the way.
    """
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{path} is a file, where a folder was expected")
    _check_folder(path if path.exists() else path.parent)
    if path.exists() and any(path.iterdir()) and not overwrite:
        raise ConfigError(f"{path} is not empty; give another folder, or overwrite it")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder to write into")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{folder}: this folder cannot be written to")


def partial_name(path: Path) -> Path:
    """Name the file that becomes ``path`` when it is whole."""
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def numbered(path: Path, number: int, reserved: Collection[Path]) -> Path:
    """Name part ``number`` of what was to be one file: ``path``, then free names.

    The first is ``path`` itself; the second is ``NAME-2``, unless such a file exists or
    is reserved for another output.
    """
    part = path
    while number > 1 and (part is path or part in reserved or _is_there(part)):
        part = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return part


def _is_there(path: Path) -> bool:
    return path.exists() or partial_name(path).exists()


@contextmanager
def explain_failure(path: Path, kept: Path) -> Iterator[None]:
    """Tell what went wrong with the writing of ``path``, and that ``kept`` remains.

    Raises:
        SinkError: In place of what the system or FFmpeg raised.
    """
    try:
        yield
    except SinkError:
        raise
    except (OSError, av.FFmpegError) as error:
        reason = (error.strerror or str(error)).lower()
        if kept.is_file() and kept.stat().st_size == 0:
            kept.unlink()
        rest = f"; what was written before is in {kept}" if kept.exists() else ""
        raise SinkError(f"{path} cannot be written: {reason}{rest}") from error


def complete(path: Path, ledger: Ledger, stream: str, sink: str) -> None:
    """Give the partial file its own name if ``sink`` has missed no frame of ``stream``.

    It has when the run was cancelled, or when a stage before it failed: the frames on
    their way then have no outcome.
    """
    partial = partial_name(path)
    if ledger.account(stream).in_flight.get(sink, 0) > 0:
        _logger.warning(
            "%s: the run was cut short; what was written is in %s", stream, partial
        )
        ledger.made(stream, sink, partial)
        return
    partial.replace(path)
    ledger.made(stream, sink, path)
