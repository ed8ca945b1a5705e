"""The streams that there are: who comes and goes, each with its life and its vitals."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import Any

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.server.assemble import StreamAssembler
from maskstream.server.config.stream import StreamConfig
from maskstream.server.control import (
    StillEndingError,
    StreamExistsError,
    UnknownStreamError,
)
from maskstream.server.memory import give_back_freed_memory
from maskstream.server.metrics import ServerMetrics
from maskstream.server.running import Running
from maskstream.server.stream import LiveStream
from maskstream.server.vitals import Vitals
from maskstream.stages.credentials import mask_credentials

__all__ = ["Member", "Members"]

_logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Member:
    """A stream."""

    stream: str
    own: Mapping[str, Any]
    """Its settings without the defaults."""
    config: StreamConfig
    is_from_file: bool
    vitals: Vitals
    life: LiveStream
    is_gone: Event = field(default_factory=Event)
    """It has ended and was forgotten; its id is free."""

    def wait(self, is_over: Callable[[float], bool], timeout_s: float) -> None:
        """Ask ``is_over`` for a second each, for as long as it may still be.

        Raises:
            StillEndingError: It is not.
        """
        for _ in range(math.ceil(timeout_s)):
            if is_over(1.0):
                return
            if self.life.is_held_up:
                break
        why = self.vitals.source.message or "something in it does not answer"
        raise StillEndingError(f"{self.stream} is still ending: {why}")


class Members:
    """Lets streams come and go. `tick` is for one thread, all else for any.

    Args:
        assembler: Makes the stages of a stream.
        hub: Where streams meet.
        ledger: Holds the account of each for as long as it is here.
        metrics: Holds its labels as long.
        stop_deadline_s: How long a stream may take to end in order.
        clock: Seconds.
    """

    def __init__(
        self,
        assembler: StreamAssembler,
        hub: Hub,
        ledger: Ledger,
        metrics: ServerMetrics,
        *,
        stop_deadline_s: float,
        clock: Clock = monotonic_clock,
    ) -> None:
        self._assembler = assembler
        self._hub = hub
        self._ledger = ledger
        self._metrics = metrics
        self._stop_deadline_s = stop_deadline_s
        self._clock = clock
        self._lock = Lock()  # guards who is a member
        self._members: dict[str, Member] = {}
        self.num_unbalanced = 0
        """Frames without an outcome, of streams that have gone."""

    def check(self, config: StreamConfig) -> None:
        """Raise MaskStreamError where settings cannot be had on this machine."""
        self._assembler.check(config)

    def all(self) -> tuple[Member, ...]:
        """Every stream that is here now."""
        with self._lock:
            return tuple(self._members.values())

    def find(self, stream: str) -> Member:
        """Find a stream; raises UnknownStreamError."""
        with self._lock:
            if stream not in self._members:
                raise UnknownStreamError(f"there is no stream {stream!r}")
            return self._members[stream]

    def add(
        self,
        stream: str,
        own: Mapping[str, Any],
        config: StreamConfig,
        *,
        is_from_file: bool,
    ) -> None:
        """Let a stream come; raises StreamExistsError."""
        vitals = Vitals(partial(self._metrics.observe_sink, stream), self._clock)
        life = LiveStream(
            stream,
            partial(self._build, stream, config, vitals),
            self._ledger,
            stop_deadline_s=self._stop_deadline_s,
            clock=self._clock,
        )
        member = Member(stream, own, config, is_from_file, vitals, life)
        with self._lock:
            if stream in self._members:
                raise StreamExistsError(f"there is a stream {stream!r} already")
            self._members[stream] = member

    def change(
        self, member: Member, own: Mapping[str, Any], config: StreamConfig
    ) -> bool:
        """Give a stream other settings; False where they say the same as before."""
        with self._lock:
            is_same = member.config == config
            member.own, member.config = own, config
        if not is_same:
            build = partial(self._build, member.stream, config, member.vitals)
            member.life.rebuild(build)
        return not is_same

    def end(self) -> None:
        """End every stream in order."""
        for member in self.all():
            member.life.end()

    def cancel(self) -> None:
        """End every stream at once."""
        for member in self.all():
            member.life.cancel()

    def tick(self, held_by: str | None = None) -> None:
        """Bring each stream on, and forget those that have ended.

        While something holds them none begins (`LiveStream.tick`).
        """
        has_freed = False
        for member in self.all():
            before = member.life.pipeline
            member.life.tick(held_by)
            now = member.life.pipeline
            if before is not now:
                has_freed |= before is not None
                self._metrics.unwatch(*filter(None, [before]))
                self._metrics.watch(*filter(None, [now]))
            if now is None:
                member.vitals.let_go()
            self._look_for_hang(member)
            account = self._ledger.account(member.stream)
            member.vitals.sample(account)
        if has_freed:
            give_back_freed_memory()
        for member in self.all():
            if member.life.has_ended:
                self._forget(member)

    def _build(self, stream: str, config: StreamConfig, vitals: Vitals) -> Running:
        assembled = self._assembler.assemble(stream, config, vitals)
        self._ledger.reopen(stream, assembled.stages.sinks)
        return Running(assembled.stages.build(self._hub), assembled.source)

    def _look_for_hang(self, member: Member) -> None:
        reason = member.life.hang
        source = mask_credentials(member.config.source.url)
        sentence = f"{source}: a call hangs that nobody but the system can end"
        if member.vitals.hangs(reason, sentence):
            _logger.warning("%s: %s (%s)", member.stream, sentence, reason)

    def _forget(self, member: Member) -> None:
        stream = member.stream
        account = self._ledger.account(stream)
        _logger.info(
            "%s: ended; %d frames decoded, %d written, %d dropped",
            stream,
            account.decoded,
            account.written,
            account.dropped,
        )
        self.num_unbalanced += member.life.num_unbalanced
        self._ledger.forget(stream)
        self._metrics.forget(stream)
        self._assembler.forget(stream)
        with self._lock:
            del self._members[stream]
        member.is_gone.set()
