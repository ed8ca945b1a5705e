"""The daemon's life from start to exit: signals, reloads, systemd, deadlines."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.server.notify import Notifier
from maskstream.server.reload import Reloader
from maskstream.server.signals import Signals
from maskstream.server.supervisor import Supervisor

__all__ = ["Life"]

_logger = logging.getLogger(__name__)

_GRACE_S = 12.0  # after the deadline, for a reader that only its own time limit ends
_TELL_EVERY_S = 5.0


@dataclass(slots=True, eq=False)
class Life:
    """Steps through the daemon's life, for its main thread."""

    supervisor: Supervisor
    reloader: Reloader
    notifier: Notifier
    signals: Signals
    stop_deadline_s: float
    clock: Clock = monotonic_clock
    is_stuck: bool = False
    """Threads are left that do not end."""
    exit_code: int = 0
    _is_ready: bool = False
    _stopping_since: float | None = None
    _num_reloads: int = 0
    _told_at: float = field(default=float("-inf"))
    _hung: str | None = None
    _num_defects: int = 0

    def goes_on(self) -> bool:
        """Do what is due; False when all is over.

        Nothing is raised: what nobody foresaw ends the daemon, and the streams before
        it as well as they still can.
        """
        try:
            if self._step():
                return True
        except Exception as error:
            return self._survive(error)
        if self._num_defects:
            self.exit_code = 1
        return False

    def _survive(self, error: Exception) -> bool:
        """Drain; cancel at the second time, and then wait for what ends by itself."""
        self._num_defects += 1
        try:
            if self._num_defects == 1:
                _logger.critical("a defect ends the daemon", exc_info=error)
                self._stop()
            elif self._num_defects == 2:
                _logger.critical("a defect ends the daemon at once", exc_info=error)
                self.supervisor.cancel()
        except Exception as another:
            _logger.critical("nor can it end in order", exc_info=another)
        if self._is_overdue():
            self.is_stuck = True
            self.exit_code = 1
            return False
        return True

    def _step(self) -> bool:
        self._obey()
        self.supervisor.tick()
        self._tell()
        if self.supervisor.failure is not None:  # whoever starts us anew helps it
            self.is_stuck = True
            self.exit_code = 1
            return False
        if self.supervisor.has_ended:
            self.is_stuck = self.supervisor.is_loading
            self.exit_code = 1 if self.supervisor.num_unbalanced else 0
            return False
        if self._is_overdue():
            self.is_stuck = True
            self.exit_code = 1 if self.supervisor.abandon() else 0
            return False
        return True

    def _obey(self) -> None:
        if self._stopping_since is not None:
            if self.signals.num_stops > 1:
                self.supervisor.cancel()
        elif self.signals.num_stops:
            self._stop()
        elif self.signals.num_reloads > self._num_reloads:
            self._num_reloads = self.signals.num_reloads
            self.reloader.reload()
        else:
            self.reloader.tick()

    def _stop(self) -> None:
        if self._stopping_since is not None:
            return
        _logger.info("stopping, within %g s", self.stop_deadline_s)
        self._stopping_since = self.clock()
        self.notifier.stopping()
        self.supervisor.drain()

    def _tell(self) -> None:
        hung = self.supervisor.why_not_alive()
        if hung is None:
            self.notifier.feed()
        elif self._hung is None:
            _logger.critical("%s; the watchdog is fed no more", hung)
        self._hung = hung
        if not self._is_ready and self.supervisor.why_not_ready() is None:
            self._is_ready = True
            _logger.info("the daemon is ready, %s", self.supervisor.summary())
            self.notifier.ready()
        now = self.clock()
        if now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            self.notifier.status(self.supervisor.summary())

    def _is_overdue(self) -> bool:
        if self._stopping_since is None:
            return False
        if self.supervisor.is_held_up:
            return True
        limit_s = self.stop_deadline_s + _GRACE_S
        if self.signals.num_stops > 1 or self._num_defects > 1:
            limit_s = min(limit_s, _GRACE_S)
        return self.clock() - self._stopping_since > limit_s
