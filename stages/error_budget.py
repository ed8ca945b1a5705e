"""How much damage a stream may hold before it is given up."""

from __future__ import annotations

from maskstream.pipeline.errors import SourceError
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.source import Source

__all__ = ["ErrorBudget"]


class ErrorBudget:
    """Counts what could not be decoded; too much of it in a row is an error."""

    def __init__(self, source: Source, stream: str, ledger: Ledger, limit: int) -> None:
        self._source = source
        self._stream = stream
        self._ledger = ledger
        self._limit = limit
        self._spent = 0

    def spend(self, event: str, error: Exception) -> None:
        """Note one loss.

        Raises:
            SourceError: The losses in a row are more than the limit.
        """
        self._ledger.noted(self._stream, event)
        self._spent += 1
        if self._spent > self._limit:
            raise SourceError(
                f"{self._source}: more than {self._limit} packets in a row could not "
                f"be decoded"
            ) from error

    def note(self, event: str, count: int = 1) -> None:
        """Note what is damaged and usable all the same."""
        self._ledger.noted(self._stream, event, count)

    def renew(self) -> None:
        """Begin anew: a picture was decoded."""
        self._spent = 0
