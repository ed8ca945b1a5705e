"""Whether a recorder works, why not, and when it tries again."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path

from maskstream.pipeline.clock import Clock

__all__ = ["DROP_REASONS", "RecorderHealth", "drop_reason", "sentence"]

_logger = logging.getLogger(__name__)

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0

_REASONS = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EACCES: "not_permitted",
    errno.EPERM: "not_permitted",
    errno.EROFS: "read_only",
    errno.ENOENT: "folder_gone",
    errno.ENOTDIR: "folder_gone",
    errno.EBUSY: "folder_in_use",
    errno.EIO: "disk_failed",
    errno.ESTALE: "disk_failed",
    errno.EMFILE: "too_many_files",
    errno.ENFILE: "too_many_files",
}
_OTHER_ERROR, _NO_FILE_ERROR = "write_failed", "encode_failed"
DROP_REASONS = frozenset({*_REASONS.values(), _OTHER_ERROR, _NO_FILE_ERROR})


class RecorderHealth:
    """The state of one recorder.

    Args:
        name: Stream and sink, for the log.
        on_state: Called with ``ok``, or with what is wrong, whenever that changes.
        clock: Seconds, for the waits.
    """

    def __init__(
        self, name: str, on_state: Callable[[str], None], clock: Clock
    ) -> None:
        self.reason: str | None = None
        """Why frames are dropped, as the ledger names it; None while all is well."""
        self._name = name
        self._on_state = on_state
        self._clock = clock
        self._state = ""
        self._wait_s = _FIRST_WAIT_S
        self._retry_at = 0.0
        self._works_since = 0.0

    def fail(self, reason: str, sentence: str) -> None:
        """Stop for a while, longer each time."""
        if reason != self.reason:
            _logger.warning("%s: recording stops: %s", self._name, sentence)
        now = self._clock()
        if self.reason is None and now - self._works_since > self._wait_s:
            self._wait_s = _FIRST_WAIT_S
        self.reason = reason
        self._report(sentence)
        self._retry_at = now + self._wait_s
        self._wait_s = min(self._wait_s * 2, _LONGEST_WAIT_S)

    def is_due(self) -> bool:
        """Whether to record, or to try to."""
        return self.reason is None or self._clock() >= self._retry_at

    def work(self) -> None:
        """Go on: a file could be opened."""
        if self.reason is not None:
            _logger.warning("%s: recording goes on after %s", self._name, self.reason)
            self._works_since = self._clock()
        self.reason = None
        self._report("ok")

    def _report(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._on_state(state)


def drop_reason(error: Exception) -> str:
    """Name what has gone wrong with the writing of a file."""
    number = getattr(error, "errno", None)
    if isinstance(error, OSError):
        return _REASONS.get(number or 0, _OTHER_ERROR)
    return _NO_FILE_ERROR


def sentence(error: Exception, folder: Path) -> str:
    """Say it, beginning with what an operator looks for."""
    text = getattr(error, "strerror", None) or str(error)
    reason = drop_reason(error).replace("_", " ")
    return f"{reason}: {folder}: {text[:1].lower()}{text[1:]}"
