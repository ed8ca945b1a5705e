"""Weights converted for another runtime: once a machine, in a process of its own."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from maskstream.models.keeping import Keeper, make_key
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.errors import ModelError

__all__ = ["kept_conversion"]

logger = logging.getLogger(__name__)

_CONVERTER = "maskstream.models.engines.convert_file"


@contextmanager
def kept_conversion(
    weights: WeightsFile, name: str, library: str
) -> Iterator[tuple[Path, str]]:
    """Give the file that weights become, to be read in the block, and its key.

    What is kept needs no torch to run. Nor does torch come into this process to make
    it: what it leaves in memory, half a gigabyte, goes with the process that converts.

    Args:
        weights: in a file of torch's.
        name: of the file; its suffix says what it is.
        library: what it is for; another version of it makes it anew.

    Raises:
        ModelError: the weights are not what their card says, or cannot be converted.
    """
    key = make_key(
        *(name, weights.digest(), _code_digest(), version(library), version("torch"))
    )

    def make(folder: Path) -> None:
        _run_converter(weights.path, folder / name)

    with ExitStack() as stack:
        try:
            folder = stack.enter_context(Keeper.of_user().folder(key, make))
        except OSError as error:
            logger.warning("%s: converted for this run alone: %s", weights.path, error)
            folder = _make_for_now(stack, weights.path, make)
        yield folder / name, key


def _make_for_now(
    stack: ExitStack, weights: Path, make: Callable[[Path], None]
) -> Path:
    try:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        make(folder)
    except OSError as error:
        raise ModelError(
            f"{weights}: nowhere to convert it to: {error}; "
            "XDG_CACHE_HOME names a folder for it"
        ) from error
    return folder


def _run_converter(weights: Path, output: Path) -> None:
    """Convert in another process.

    Raises:
        ModelError: the weights cannot be converted.
        OSError: the output cannot be written.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", _CONVERTER, str(weights), str(output)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C is for this process, which decides what ends
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise (OSError if done.returncode == os.EX_IOERR else ModelError)(said[-1])


@cache
def _code_digest() -> str:
    """Tell this version of the code that makes networks from all others."""
    folder = Path(str(files("maskstream.models")))
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
