"""A stream whose source hangs in a call that nothing in the process can end."""

from __future__ import annotations

from threading import Event

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Outputs
from maskstream.server.running import Running
from maskstream.server.stream import LiveStream
from maskstream.stages.live.reasons import Reason
from tests.pipeline.threads import PATIENCE_S
from tests.server.fakes import FakeCamera, counting, until


def test_a_source_that_hangs_is_given_up_early() -> None:
    """What is behind it ends; it is held up until the call returns."""
    ledger, clock = Ledger(), ManualClock()
    camera = FakeCamera(ledger)
    go_on = Event()

    def hang() -> Outputs:
        yield from FakeCamera(ledger, ends_after=3)()
        camera.hangs_for = Reason.STALLED
        assert go_on.wait(PATIENCE_S)
        camera.hangs_for = None

    def build() -> Running:
        ledger.reopen("front", ["sink"])
        pipeline = Pipeline(stream="front")
        pipeline.source("decode", hang).then("sink", counting(ledger))
        return Running(pipeline, camera)

    stream = LiveStream("front", build, ledger, stop_deadline_s=60, clock=clock)
    until(lambda: ledger.account("front").written == 3, stream.tick)
    until(lambda: stream.hang is not None, stream.tick)
    stream.end()
    told = []
    for _ in range(3):
        stream.tick()
        told.append(stream.is_held_up)
        clock.advance(6)

    assert told == [False, False, True]
    go_on.set()
    until(lambda: stream.has_ended, stream.tick)
    assert not stream.is_held_up
    assert ledger.account("front").is_balanced
