"""One stream and its life: built, watched, ended, built again.

Nothing here waits. Whoever wants something of a stream says so and `tick`, which the
supervisor calls some times a second, brings it nearer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import Condition

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.errors import MaskStreamError, PipelineError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.ledger import Ledger
from maskstream.server.restart_limit import RestartLimit
from maskstream.server.running import Running
from maskstream.server.status import State
from maskstream.stages.live.reasons import Reason

__all__ = ["LiveStream", "Phase"]

_logger = logging.getLogger(__name__)

_HUNG_DEADLINE_S = 5.0
_HUNG_GRACE_S = 3.0  # to finish files


class _Goal(Enum):
    RUN = "run"
    PAUSE = "pause"
    END = "end"


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a stream is in its life."""

    state: State
    since: float
    """In seconds since 1970."""
    message: str | None = None
    """What is wrong, in one sentence."""


class LiveStream:
    """One stream. Every method may be called from any thread, `tick` from one.

    Args:
        stream: Its id.
        build: Makes what is to run, not yet started.
        ledger: Has an account of it, which `build` has opened.
        stop_deadline_s: How long it may take to end in order.
        clock: Seconds, for deadlines.
        wall_clock: Seconds since 1970.
    """

    def __init__(
        self,
        stream: str,
        build: Callable[[], Running],
        ledger: Ledger,
        *,
        stop_deadline_s: float,
        clock: Clock = monotonic_clock,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.stream = stream
        self._build = build
        self._ledger = ledger
        self._stop_deadline_s = stop_deadline_s
        self._clock = clock
        self._wall_clock = wall_clock
        self._changed = Condition()  # guards every field below
        self._goal = _Goal.RUN
        self._is_outdated = False
        """It is to be built again."""
        self._running: Running | None = None
        self._drained_at = 0.0
        self._limit = RestartLimit(clock)
        self._phase = Phase(State.STARTING, wall_clock())
        self.num_crashes = 0
        self.num_unbalanced = 0
        """Frames without an outcome after ends that claimed to be in order."""

    # -- what may be asked -----------------------------------------------------------

    def rebuild(self, build: Callable[[], Running] | None = None) -> None:
        """Build the stream again, also one that was given up."""
        with self._changed:
            self._build = build or self._build
            self._is_outdated = True
            self._limit.forget()

    def pause(self) -> None:
        """Let go of the source."""
        with self._changed:
            if self._goal is _Goal.RUN:
                self._goal = _Goal.PAUSE

    def resume(self) -> None:
        """Begin again after `pause`."""
        with self._changed:
            if self._goal is _Goal.PAUSE:
                self._goal = _Goal.RUN
                self._limit.forget()

    def end(self) -> None:
        """End in order, for good."""
        with self._changed:
            self._goal = _Goal.END

    def cancel(self) -> None:
        """End at once, for good; what waits in the channels is discarded."""
        with self._changed:
            self._goal = _Goal.END
            if self._running is not None:
                self._running.source.stop()
                self._running.pipeline.cancel()

    def wait_for(self, state: State, timeout_s: float) -> bool:
        """Wait until the stream is in a state; False when it is not."""
        with self._changed:
            return self._changed.wait_for(lambda: self._phase.state is state, timeout_s)

    # -- what is known ---------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """Where the stream is in its life."""
        with self._changed:
            return self._phase

    @property
    def pipeline(self) -> Pipeline | None:
        """What runs now."""
        with self._changed:
            return None if self._running is None else self._running.pipeline

    @property
    def hang(self) -> Reason | None:
        """Why its source counts as away: a call of it hangs."""
        with self._changed:
            return None if self._running is None else self._running.source.hang()

    @property
    def is_held_up(self) -> bool:
        """It was told to end, its sinks had time to, and its source hangs."""
        deadline_s = min(self._stop_deadline_s, _HUNG_DEADLINE_S) + _HUNG_GRACE_S
        with self._changed:
            running = self._running
            if running is None or not running.pipeline.is_cancelled:
                return False
            is_late = self._clock() - self._drained_at > deadline_s
            return is_late and running.source.hang() is not None

    @property
    def has_ended(self) -> bool:
        """It was to end and has; nothing of it runs any more."""
        with self._changed:
            return self._goal is _Goal.END and self._running is None

    # -- how it goes on --------------------------------------------------------------

    def tick(self, held_by: str | None = None) -> None:
        """Do what is due.

        Args:
            held_by: What must come first, in a sentence; nothing begins meanwhile, and
                what runs goes on.
        """
        with self._changed:
            if self._running is not None:
                self._urge(self._running)
                self._reap(self._running.pipeline)
            if self._running is None:
                self._settle_or_start(held_by)

    def _urge(self, running: Running) -> None:
        """End what is not wanted any more, or of which a part has failed."""
        now, pipeline = self._clock(), running.pipeline
        is_wanted = self._goal is _Goal.RUN and not self._is_outdated
        if not pipeline.is_draining:
            if not is_wanted or pipeline.failed_stage:
                running.source.stop()
                pipeline.drain()
                self._drained_at = now
            return
        deadline_s = self._stop_deadline_s
        if running.source.hang() is not None:  # only what is behind it may still end
            deadline_s = min(deadline_s, _HUNG_DEADLINE_S)
        if now - self._drained_at > deadline_s and not pipeline.is_cancelled:
            _logger.warning(
                "%s: not ended within %g s, what is left of it is discarded",
                self.stream,
                deadline_s,
            )
            pipeline.cancel()

    def _reap(self, pipeline: Pipeline) -> None:
        """Close the books of a pipeline that has ended."""
        failure: PipelineError | None = None
        try:
            if not pipeline.wait(0):
                return
        except PipelineError as error:
            failure = error
        self._running = None
        if failure is not None:
            stage = pipeline.failed_stage or "stream"
            self._ledger.settle(stream=self.stream, stage=stage, reason="failed")
            self._count_crash(_sentence(failure), failure)
            return
        if pipeline.is_cancelled:
            self._ledger.settle(stream=self.stream, stage="stop", reason="cancelled")
        missing = self._ledger.account(self.stream).in_flight
        if any(missing.values()):
            self.num_unbalanced += sum(map(abs, missing.values()))
            _logger.error(
                "%s: the ledger does not balance, %s frames have no outcome",
                self.stream,
                dict(missing),
            )
        if not pipeline.is_draining:
            self._enter(State.ENDED, "the source has ended")

    def _count_crash(self, sentence: str, error: Exception) -> None:
        self.num_crashes += 1
        if self._limit.may_restart():
            _logger.error("%s: crashed and is built again: %s", self.stream, sentence)
            self._enter(State.WAITING, sentence)
        else:
            _logger.critical(
                "%s: crashed %d times in %g s and is given up; restart it when the "
                "cause is gone: %s",
                self.stream,
                self._limit.max_restarts + 1,
                self._limit.window_s,
                sentence,
                exc_info=error,
            )
            self._enter(State.FAILED, sentence)

    def _settle_or_start(self, held_by: str | None) -> None:
        match self._goal:
            case _Goal.END:
                if self._phase.state is not State.ENDED:
                    self._enter(State.ENDED)
                else:
                    self._changed.notify_all()
            case _Goal.PAUSE:
                if self._phase.state is not State.PAUSED:
                    self._enter(State.PAUSED)
            case _Goal.RUN if self._is_outdated or self._is_due():
                if held_by is None:
                    self._is_outdated = False
                    self._start()
                elif self._phase.message != held_by:
                    self._enter(State.STARTING, held_by)

    def _is_due(self) -> bool:
        if self._phase.state in (State.FAILED, State.ENDED):
            return False
        return self._limit.restart_in_s() <= 0

    def _start(self) -> None:
        try:
            running = self._build()
        except (MaskStreamError, OSError) as error:
            self._count_crash(str(error), error)
            return
        try:
            running.pipeline.start()
        except RuntimeError as error:  # no thread to be had
            running.pipeline.stop()
            self._count_crash(str(error), error)
            return
        self._running = running
        self._enter(State.CONNECTING)

    def _enter(self, state: State, message: str | None = None) -> None:
        self._phase = Phase(state, self._wall_clock(), message)
        self._changed.notify_all()


def _sentence(error: PipelineError) -> str:
    """Say what failed first."""
    first = error.exceptions[0]
    if isinstance(first, MaskStreamError):
        return str(first)
    where = "".join(f" {note}" for note in getattr(first, "__notes__", ()))
    return f"unexpected {type(first).__name__}: {first}{where}"
