"""The stages of one stream: its source, the way through the hub, its sinks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.graph import Flow, Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.link import Link
from maskstream.pipeline.stage import Source, Stage

__all__ = ["Branch", "StreamStages"]

# One frame in each stage's hand, and this many between two of them: enough that neither
# waits for the other's slower moments, little enough that 4K stays within memory.
_CAPACITY = 4
_MAX_BYTES = 128 * 2**20  # fewer where pictures are huge: four of 8K weigh 200 MB
_HOLD_CAPACITY = 64  # two seconds of a camera: what is older is stale long before


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A stage that labelled frames go to, and those that its own outputs go to."""

    name: str
    stage: Stage
    sink: str | None = None
    """Its name in the ledger, if it writes."""
    then: tuple[Branch, ...] = ()

    @property
    def sinks(self) -> tuple[str, ...]:
        """The names of all that write in it."""
        own = () if self.sink is None else (self.sink,)
        return (*own, *(sink for branch in self.then for sink in branch.sinks))


@dataclass(frozen=True, slots=True, eq=False)
class StreamStages:
    """One stream from its source to its sinks.

    A stream that is to stay whole is held by what is slow. One that is to stay fresh
    drops before the network and wherever it forks, so that no sink holds another.
    """

    stream: str
    source: Source
    branches: tuple[Branch, ...]
    ledger: Ledger
    clock: Clock
    is_fresh: bool
    """It stays fresh rather than whole."""
    is_held: bool = True
    """What the network has no time for gets the labels of the frame before."""
    share: int = 1
    """Turns in a row before the network while other streams wait."""

    @property
    def sinks(self) -> tuple[str, ...]:
        """The names of all that write, as the ledger has them."""
        return tuple(sink for branch in self.branches for sink in branch.sinks)

    def build(self, hub: Hub) -> Pipeline:
        """Join the stages; the account must have been opened."""
        pipeline = Pipeline(stream=self.stream, clock=self.clock)
        decoded = pipeline.source("decode", self.source)
        labelled = decoded.through(hub, self._link_to_network())
        self._fork(labelled, self.branches, is_fresh=self.is_fresh)
        return pipeline

    def _fork(
        self, flow: Flow, branches: tuple[Branch, ...], *, is_fresh: bool
    ) -> None:
        for branch in branches:
            link = self._link_to(branch) if is_fresh else _link()
            behind = flow.then(branch.name, branch.stage, link)
            # Where one follows, it may hold its sender, who then drops in its place.
            is_fork = len(branch.then) > 1
            self._fork(behind, branch.then, is_fresh=self.is_fresh and is_fork)

    def _link_to_network(self) -> Link:
        """Say what happens after the decoder, when the network cannot keep up."""
        if not self.is_fresh:
            return _link()

        def drop(_: Frame) -> None:
            self.ledger.dropped(self.stream, stage="decode", reason="queue_full")

        return replace(
            _link(),
            capacity=_HOLD_CAPACITY if self.is_held else _CAPACITY,
            overflow=Overflow.DROP_OLDEST,
            on_drop=drop,
            is_gathered=self.is_held,
            share=self.share,
        )

    def _link_to(self, branch: Branch) -> Link:
        """Say what happens before a sink that cannot keep up: others are not held."""

        def drop(_: Segmentation) -> None:
            for sink in branch.sinks:
                self.ledger.dropped(
                    self.stream, stage=sink, reason="sink_slow", sink=sink
                )

        # Held frames come all at once.
        return replace(
            _link(),
            capacity=_HOLD_CAPACITY,
            overflow=Overflow.DROP_OLDEST,
            on_drop=drop,
        )


def _link() -> Link:
    return Link(_CAPACITY, max_weight=_MAX_BYTES, weigh=_num_bytes)


def _num_bytes(item: Frame | Segmentation) -> int:
    """Weigh the planes of a picture; labels weigh little beside them."""
    frame = item.frame if isinstance(item, Segmentation) else item
    return sum(plane.buffer_size for plane in frame.picture.planes)
