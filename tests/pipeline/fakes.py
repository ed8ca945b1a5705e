"""The smallest stages: a source of numbers, and a sink that remembers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from maskstream.pipeline.stage import Inbox, Outputs

__all__ = ["Recorder", "emit", "failing", "pass_on"]


def emit(items: Iterable[Any]) -> Callable[[], Outputs]:
    """Return a source of ``items``."""

    def source() -> Outputs:
        yield from items

    return source


def pass_on(inbox: Inbox) -> Outputs:
    """Yield each item as it came."""
    yield from inbox


def failing(at: int, error: Exception | None = None) -> Callable[[Inbox], Outputs]:
    """Return a stage that passes items on, and raises when it gets ``at``."""

    def stage(inbox: Inbox) -> Outputs:
        for item in inbox:
            if item == at:
                raise error or ValueError(f"bad item {item}")
            yield item

    return stage


@dataclass
class Recorder:
    """A sink that remembers what it got, and that it could finish its file."""

    limit: int | None = None
    """Leaves after so many items."""
    received: list[Any] = field(default_factory=list)
    finished: Event = field(default_factory=Event)

    def __call__(self, inbox: Inbox) -> Generator[None, None, None]:
        """Take items until the stream ends or the limit is reached."""
        try:
            for item in inbox:
                self.received.append(item)
                yield
                if len(self.received) == self.limit:
                    return
        finally:
            self.finished.set()
