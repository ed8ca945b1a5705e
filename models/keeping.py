"""What costs time to make is kept on disk: checked when it is used, and bounded.

Each thing is a folder of files under its key, with their SHA-256 beside them. It takes
its name when it is whole. One that is damaged is made again; what was not used for
longest goes when there is too much.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from maskstream.models.fetching import cache_dir

__all__ = ["Keeper", "make_key"]

logger = logging.getLogger(__name__)

_SUMS = "SHA256SUMS"  # as coreutils' sha256sum writes it
_PART = ".part-"
_MAX_MAKING_S = 3600
_MAX_READING_S = 60  # what was used just now, somebody may be reading
_MAX_BYTES = 2 << 30  # the largest network here takes a quarter, in both its forms


def make_key(*parts: object) -> str:
    """Make a key of all that a thing depends on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Keeper:
    """A folder of things that can be made again."""

    root: Path
    max_bytes: int = _MAX_BYTES

    @classmethod
    def of_user(cls) -> Keeper:
        """Keep in the user's cache folder."""
        return cls(cache_dir().parent / "engines")

    @contextmanager
    def folder(self, key: str, make: Callable[[Path], None]) -> Iterator[Path]:
        """Give the folder of a thing, to be read in the block.

        Args:
            key: from `make_key`.
            make: writes the thing's files into an empty folder, where it is not there
                yet. Where nothing can be kept, that folder goes with the block.
        """
        kept = self.root / key
        if _is_whole(kept):
            yield kept
            return
        if os.access(kept, os.F_OK):
            logger.warning("%s: damaged, and made again", kept)
        with TemporaryDirectory(prefix=_PART, dir=self._writable()) as name:
            made = Path(name) / key
            made.mkdir()
            make(made)
            yield self._keep(made)

    def _writable(self) -> Path | None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError:
            return None
        return self.root if os.access(self.root, os.W_OK) else None

    def _keep(self, made: Path) -> Path:
        """Take a thing in under its name, and say where it is.

        It stays where it was made where it cannot be kept, and where another process
        has just kept its own, which others may be reading.
        """
        kept = self.root / made.name
        try:
            _write_sums(made)
            with self._alone():
                if _is_whole(kept):
                    return made
                if kept.exists():
                    kept.replace(made.with_name("damaged"))
                made.replace(kept)
                with suppress(OSError):  # others' parts may go meanwhile
                    self._forget(but=kept)
        except OSError as error:
            logger.info("%s: nothing is kept there: %s", self.root, error)
            return made
        return kept

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other process change what is kept during the block."""
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _forget(self, but: Path) -> None:
        """Remove what was not used for longest until the rest is within the bound.

        And what somebody who was killed left half made.
        """
        now = but.stat().st_mtime
        for part in self.root.glob(f"{_PART}*"):
            if now - part.stat().st_mtime > _MAX_MAKING_S:
                shutil.rmtree(part, ignore_errors=True)
        sizes = {
            each: _num_bytes(each)
            for each in self.root.iterdir()
            if each != but and not each.name.startswith(_PART)
        }
        room = self.max_bytes - _num_bytes(but)
        for each in sorted(sizes, key=lambda each: each.stat().st_mtime, reverse=True):
            room -= sizes[each]
            if room < 0 and now - each.stat().st_mtime > _MAX_READING_S:
                shutil.rmtree(each, ignore_errors=True)


def _num_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*"))


def _is_whole(folder: Path) -> bool:
    """Tell whether a thing is there as it was made, and note that it was used."""
    try:
        names = {_SUMS}
        for line in (folder / _SUMS).read_text().splitlines():
            digest, name = line.split(maxsplit=1)
            names.add(name)
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    return False
        if len(names) == 1 or names != {path.name for path in folder.iterdir()}:
            return False
        if os.access(folder, os.W_OK):
            os.utime(folder)
    except (OSError, ValueError):
        return False
    return True


def _write_sums(folder: Path) -> None:
    lines = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        lines.append(f"{digest}  {path.name}\n")
    (folder / _SUMS).write_text("".join(lines))
