"""A stage that hangs is found; one that has nothing to do is not."""

from __future__ import annotations

from threading import Event

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.server.progress import Progress
from tests.pipeline.fakes import emit
from tests.pipeline.threads import PATIENCE_S

pytestmark = pytest.mark.timeout(60)


def test_a_stage_that_takes_nothing_of_what_waits_hangs() -> None:
    """It is named after the time allowed, and forgiven when it goes on."""
    is_stuck, go_on = Event(), Event()

    def stick(inbox: Inbox) -> Outputs:
        for _ in inbox:
            is_stuck.set()
            assert go_on.wait(PATIENCE_S)
            yield

    pipeline = Pipeline(stream="front")
    pipeline.source("decode", emit(range(6))).then("encode", stick)
    clock = ManualClock()
    progress = Progress(30, clock)
    pipeline.start()
    assert is_stuck.wait(PATIENCE_S)
    while pipeline.inboxes()["encode"].depth < 2:  # it is full now
        pass

    assert progress.look([pipeline]) is None
    clock.advance(31)
    assert progress.look([pipeline]) == "front: encode has taken nothing for 31 s"
    go_on.set()
    assert pipeline.wait(PATIENCE_S)

    assert progress.look([pipeline]) is None


def test_a_stage_before_which_nothing_waits_is_well() -> None:
    """All cameras away is no hang."""
    clock, go_on = ManualClock(), Event()

    def silent() -> Outputs:
        assert go_on.wait(PATIENCE_S)
        yield 0

    pipeline = Pipeline(stream="front")
    pipeline.source("decode", silent).then("encode", lambda inbox: (i for i in inbox))
    progress = Progress(30, clock)
    pipeline.start()

    for _ in range(3):
        assert progress.look([pipeline]) is None
        clock.advance(31)

    go_on.set()
    assert pipeline.wait(PATIENCE_S)
