"""What a stage is: a generator from its inbox to its outputs.

Set-up is the code before the loop, flush the code after it, clean-up is ``with`` and
``finally``. A stage never starts a thread and never touches an item after yielding it;
a test of one is ``list(stage(Channel.of(a, b, c)))``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Protocol

__all__ = ["Inbox", "Outputs", "SharedInbox", "Source", "Stage"]

Outputs = Generator[Any, None, None]
"""What a stage yields: items for the next ones. A sink, whose items nobody receives,
yields None after each frame that it took."""


class Inbox(Protocol):
    """The receiving side of a `Channel`, or of a hub."""

    def take(self, limit: int = 1, linger_s: float = 0.0) -> list[Any]:
        """Wait for one item, then at most ``linger_s`` for ``limit`` of them."""

    def __iter__(self) -> Iterator[Any]:
        """Receive one item after another until the stream ends."""

    def cancel(self) -> None:
        """Receive no more."""

    @property
    def take_wait_s(self) -> float:
        """Seconds that the receiver has stood before an empty buffer, up to now."""


class SharedInbox(Inbox, Protocol):
    """What many streams send to a stage that they share."""

    def take_turns(self, limit: int = 1, linger_s: float = 0.0) -> list[list[Any]]:
        """Wait for an item, then at most ``linger_s`` for ``limit`` turns.

        Each turn is of one stream: one item, or (`Link.is_gathered`) all that waits.
        """

    @property
    def lingered_s(self) -> float:
        """Seconds that the first turn of each take has waited for others, up to now."""


class Source(Protocol):
    """Where a stream begins."""

    def __call__(self) -> Outputs:
        """Yield items until the stream ends."""


class Stage(Protocol):
    """A step of the pipeline: a function, or a frozen dataclass with a ``__call__``."""

    def __call__(self, inbox: Any, /) -> Outputs:
        """Yield outputs for what ``inbox`` gives, until it ends."""
