"""One stage as the graph holds it: its start, whom it feeds, where its time went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from maskstream.pipeline.channel import Channel, ChannelClosed
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


@dataclass(frozen=True, slots=True, eq=False)
class Outbox:
    """A channel to one receiver, and which items go into it (None: all)."""

    channel: Channel[Any]
    accepts: Callable[[Any], bool] | None


@dataclass(slots=True, eq=False)
class Node:
    """One stage: how to start it, its inbox, and all that take its items."""

    name: str
    start: Callable[[], Outputs]
    inbox: Inbox | None
    outboxes: list[Outbox] = field(default_factory=list)
    items: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    busy_s: float = 0.0
    has_ended: Event = field(default_factory=Event)

    def send(self, item: Any) -> bool:
        """Give ``item`` to each receiver that accepts it; False when all have left."""
        for outbox in self.outboxes:
            if outbox.accepts is None or outbox.accepts(item):
                try:
                    outbox.channel.send(item)
                except ChannelClosed:
                    continue  # This branch has left; the others go on.
        return not self.outboxes or any(
            not outbox.channel.is_closed for outbox in self.outboxes
        )

    def report(self, now: float) -> StageReport:
        """Where the time went until ``now``, a reading of the graph's clock."""
        life_s = 0.0
        if self.started_at is not None:
            life_s = (now if self.ended_at is None else self.ended_at) - self.started_at
        input_wait_s = 0.0 if self.inbox is None else self.inbox.stats.take_wait_s
        output_wait_s = sum(box.channel.stats.send_wait_s for box in self.outboxes)
        # The waits are read a little after `now`: never let that turn busy_s back.
        self.busy_s = max(self.busy_s, life_s - input_wait_s - output_wait_s)
        return StageReport(
            name=self.name,
            items=self.items,
            busy_s=self.busy_s,
            input_wait_s=input_wait_s,
            output_wait_s=output_wait_s,
        )
