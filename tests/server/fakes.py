"""Streams made of nothing: a source that goes on until told, sinks that count."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.server.running import Running
from maskstream.stages.live.reasons import Reason
from tests.pipeline.threads import PATIENCE_S

__all__ = ["FakeCamera", "FakeFrame", "counting", "running_of", "until"]


@dataclass(frozen=True)
class FakeFrame:
    """A frame that shows nothing and weighs nothing."""

    stream: str
    index: int

    @property
    def picture(self) -> FakeFrame:
        """Itself."""
        return self

    @property
    def planes(self) -> tuple[()]:
        """No planes."""
        return ()


@dataclass
class FakeCamera:
    """Sends frames for as long as the pipeline wants, and counts them as decoded."""

    ledger: Ledger
    stream: str = "front"
    fails_after: int | None = None
    """Raises after so many."""
    ends_after: int | None = None
    has_sent: Event = field(default_factory=Event)
    """Something was sent."""
    hangs_for: Reason | None = None

    def stop(self) -> None:
        """Do nothing: it ends with its pipeline."""

    def hang(self) -> Reason | None:
        """Say what the test says."""
        return self.hangs_for

    def __call__(self) -> Outputs:
        """Yield a frame every thousandth of a second."""
        for number in itertools.count():
            if number == self.fails_after:
                raise ConnectionError("the camera caught fire")
            if number == self.ends_after:
                return
            self.ledger.decoded(self.stream)
            yield FakeFrame(self.stream, number)
            self.has_sent.set()
            Event().wait(0.001)  # a camera has a pace; nothing is asserted of it


def counting(ledger: Ledger, stream: str = "front") -> Callable[[Inbox], Outputs]:
    """Make a sink that counts what it is given as written."""

    def write(inbox: Inbox) -> Outputs:
        for _ in inbox:
            ledger.written(stream, "sink")
            yield

    return write


def running_of(
    camera: FakeCamera, sink: Callable[[Inbox], Outputs] | None = None
) -> Running:
    """Send what a camera gives to a sink, which counts it as written."""
    camera.ledger.reopen(camera.stream, ["sink"])
    pipeline = Pipeline(stream=camera.stream)
    sink = sink or counting(camera.ledger, camera.stream)
    pipeline.source("decode", camera).then("sink", sink)
    return Running(pipeline, camera)


def until(condition: Callable[[], bool], tick: Callable[[], None]) -> None:
    """Tick until a condition holds, which it must before patience ends."""
    for _ in range(int(PATIENCE_S / 0.01)):
        if condition():
            return
        tick()
        Event().wait(0.01)
    raise AssertionError("it never came to that")
