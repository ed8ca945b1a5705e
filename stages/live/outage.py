"""From the loss of a source to its return: how often it was tried, and why not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from threading import Event

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.frame import StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.live.backoff import Backoff
from maskstream.stages.live.reach import Address
from maskstream.stages.live.reasons import Reason
from maskstream.stages.live.watch import SourceWatch

__all__ = ["Outage"]

_log = logging.getLogger(__name__)

_SETTLED_S = 10.0  # up for so long, a source is given a fresh start when it is lost
_LOOK_EVERY_S = 2.0


@dataclass(slots=True, eq=False)
class Outage:
    """Tells of each change once, and waits for the right moment to try again."""

    stream: str
    ledger: Ledger
    clock: Clock
    watch: SourceWatch
    backoff: Backoff
    address: Address | None
    """Where a server is to be looked for between attempts; None where there is none."""
    is_stopped: Event
    _attempts: int = 0
    _reason: Reason | None = None
    _up_since_s: float | None = None
    _down_since_s: float | None = None  # None where it never was up

    @property
    def is_over(self) -> bool:
        """Frames came, and nothing has ended that yet."""
        return self._up_since_s is not None

    def end(self, form: StreamFormat) -> None:
        """Frames come; or their format is another."""
        if self._up_since_s is None:
            self._up_since_s = self.clock()
        if self._reason is not None:
            _log.info("%s: frames come again", self.stream)
            self._reason = None
        self.watch.up(form)

    def wait(self, reason: Reason, sentence: str) -> None:
        """Tell why the source is away, and wait until it is to be tried again."""
        now_s = self.clock()
        if self._up_since_s is not None:
            self._down_since_s = now_s
            if now_s - self._up_since_s >= _SETTLED_S:
                self._attempts = 0
        self._up_since_s = None
        away_s = None if self._down_since_s is None else now_s - self._down_since_s
        delay_s = self.backoff.delay_s(self._attempts, reason, away_s)
        self._attempts += 1
        if reason is not self._reason:
            self._reason = reason
            self.ledger.noted(self.stream, f"lost_{reason}")
            _log.warning("%s: %s (%s)", self.stream, sentence, reason)
        self.watch.down(reason, sentence, delay_s)
        if delay_s > _LOOK_EVERY_S and self._is_port_shut(reason):
            self._sleep_while_shut(delay_s)
        else:
            self.is_stopped.wait(delay_s)

    def _is_port_shut(self, reason: Reason) -> bool:
        if self.address is None:
            return False
        if reason in {Reason.TIMEOUT, Reason.NETWORK}:  # may be so
            return not self.address.is_open()
        return reason is Reason.REFUSED

    def _sleep_while_shut(self, delay_s: float) -> None:
        """Wait until the port is open, or as long as was agreed.

        A connection costs the camera next to nothing, so that a long wait between
        attempts does not keep a source waiting that has returned.
        """
        assert self.address is not None
        deadline_s = self.clock() + delay_s
        while (left_s := deadline_s - self.clock()) > 0:
            if self.is_stopped.wait(min(left_s, _LOOK_EVERY_S)):
                return
            if self.address.is_open():
                return
