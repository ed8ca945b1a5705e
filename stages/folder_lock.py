"""One process at a time writes into a folder: two would end each other's files."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

__all__ = ["FolderInUseError", "FolderLock"]


class FolderInUseError(OSError):
    """Another process uses the folder."""

    def __init__(self, folder: Path, use: str) -> None:
        super().__init__(
            errno.EBUSY,
            f"another process {use} it, give each a folder of its own",
            str(folder),
        )


class FolderLock:
    """A lock on a file in a folder (flock), which the kernel releases at a death.

    It holds between containers too. The file is open for reading alone, so that the
    file system can be made read-only.

    Args:
        folder: Whose lock it is.
        use: What is done there: "records into".
        name: Of the file in it.
    """

    def __init__(self, folder: Path, use: str, name: str = ".lock") -> None:
        self._folder = folder
        self._use = use
        self._path = folder / name
        self._fd: int | None = None

    def hold(self) -> None:
        """Take the lock, unless it is held.

        Where a file system has no room or no locks it does without: what is wrong
        there is seen when something is written.

        Raises:
            FolderInUseError: Another holds it.
        """
        if self._is_held():
            return
        self.release()  # another disk may be in the place of that one
        try:
            self._path.parent.mkdir(exist_ok=True)
            fd = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError:
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            if error.errno == errno.EWOULDBLOCK:
                raise FolderInUseError(self._folder, self._use) from None
            return
        self._fd = fd

    def release(self) -> None:
        """Let go of it, and of its disk."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __del__(self) -> None:
        """Hold no disk when nobody writes any more."""
        self.release()

    def _is_held(self) -> bool:
        if self._fd is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._fd), self._path.stat())
        except OSError:
            return False
