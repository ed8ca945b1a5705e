"""One stage as the graph holds it: its start, whom it feeds, where its time went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

from maskstream.pipeline.channel import ChannelClosed
from maskstream.pipeline.stage import Inbox, Outputs

__all__ = ["Node", "Outbox", "StageReport"]


@dataclass(frozen=True, slots=True)
class StageReport:
    """Where the time of one stage went."""

    name: str
    items: int
    """Items that it yielded."""
    busy_s: float
    """Seconds in its own work, or in what it waits for other than its neighbours."""
    input_wait_s: float
    """Seconds before an empty inbox."""
    output_wait_s: float
    """Seconds before a full outbox."""
    stream: str = ""
    """The stream that it works for; empty where it works for all."""


class Outbox(Protocol):
    """The sending side of a `Channel`, or of a hub's way back to its streams."""

    def send(self, item: Any, /) -> None:
        """Hand over ``item``; raises `ChannelClosed` when nobody will receive it."""

    def close(self) -> None:
        """Send no more."""

    @property
    def is_closed(self) -> bool:
        """Nobody receives."""

    @property
    def send_wait_s(self) -> float:
        """Seconds that senders have stood before a full buffer, up to now."""


@dataclass(slots=True, eq=False)
class Node:
    """One stage: how to start it, its inbox, and all that take its items."""

    name: str
    start: Callable[[], Outputs] | None
    """None where another stage's thread sends in its place."""
    inbox: Inbox | None
    stream: str = ""
    outboxes: list[Outbox] = field(default_factory=list)
    items: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    busy_s: float = 0.0
    has_ended: Event = field(default_factory=Event)

    def send(self, item: Any) -> bool:
        """Give ``item`` to each receiver; False when all have left."""
        for outbox in self.outboxes:
            try:
                outbox.send(item)
            except ChannelClosed:
                continue  # This branch has left; the others go on.
        return not self.outboxes or any(not box.is_closed for box in self.outboxes)

    def end(self, now: float) -> None:
        """Tell the neighbours that this stage has ended, however it did."""
        self.ended_at = now
        if self.inbox is not None:
            self.inbox.cancel()
        for outbox in self.outboxes:
            outbox.close()
        self.has_ended.set()

    def report(self, now: float) -> StageReport:
        """Where the time went until ``now``, a reading of the graph's clock."""
        life_s = 0.0
        if self.started_at is not None:
            life_s = (now if self.ended_at is None else self.ended_at) - self.started_at
        input_wait_s = 0.0 if self.inbox is None else self.inbox.take_wait_s
        output_wait_s = sum(box.send_wait_s for box in self.outboxes)
        # The waits are read a little after `now`: never let that turn busy_s back.
        self.busy_s = max(self.busy_s, life_s - input_wait_s - output_wait_s)
        return StageReport(
            name=self.name,
            items=self.items,
            busy_s=self.busy_s,
            input_wait_s=input_wait_s,
            output_wait_s=output_wait_s,
            stream=self.stream,
        )
