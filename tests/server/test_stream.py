"""The life of one stream: built, paused, ended, crashed and built again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import SourceError
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.server.running import Running
from maskstream.server.status import State
from maskstream.server.stream import LiveStream
from tests.pipeline.threads import PATIENCE_S, in_background
from tests.server.fakes import FakeCamera, running_of, until

pytestmark = pytest.mark.timeout(60)


def live(
    build: Callable[[], Running], ledger: Ledger, clock: ManualClock | None = None
) -> LiveStream:
    """Make a stream called front."""
    clock = clock or ManualClock()
    return LiveStream(
        "front",
        build,
        ledger,
        stop_deadline_s=5,
        clock=clock,
        wall_clock=lambda: 7.0,
    )


def state_of(stream: LiveStream) -> State:
    """Tell the state alone."""
    return stream.phase.state


def test_a_stream_runs_until_it_is_to_end_and_its_ledger_balances() -> None:
    """What was decoded is written when it has ended in order."""
    ledger = Ledger()
    camera = FakeCamera(ledger)
    stream = live(lambda: running_of(camera), ledger)

    stream.tick()
    assert camera.has_sent.wait(PATIENCE_S)
    stream.end()
    until(lambda: stream.has_ended, stream.tick)

    account = ledger.account("front")
    assert state_of(stream) is State.ENDED
    assert account.is_balanced
    assert account.written == account.decoded > 0
    assert stream.num_crashes == stream.num_unbalanced == 0


def test_a_stream_that_is_held_begins_when_it_may() -> None:
    """Meanwhile its state says why; it may be paused and ended as ever."""
    ledger = Ledger()
    camera = FakeCamera(ledger)
    stream = live(lambda: running_of(camera), ledger)
    loading = "the network is being loaded"

    stream.tick(loading)
    assert (state_of(stream), stream.phase.message) == (State.STARTING, loading)
    assert stream.pipeline is None
    stream.pause()
    stream.tick(loading)
    assert state_of(stream) is State.PAUSED
    stream.resume()
    stream.tick(loading)
    assert state_of(stream) is State.STARTING
    stream.tick()
    assert camera.has_sent.wait(PATIENCE_S)
    stream.tick(loading)

    assert state_of(stream) is State.CONNECTING
    stream.end()
    until(lambda: stream.has_ended, stream.tick)


def test_a_paused_stream_lets_go_and_begins_again() -> None:
    """Nothing of it runs meanwhile, and its account goes on."""
    ledger = Ledger()
    built: list[FakeCamera] = []

    def build() -> Running:
        built.append(FakeCamera(ledger))
        return running_of(built[-1])

    stream = live(build, ledger)
    stream.tick()
    assert built[0].has_sent.wait(PATIENCE_S)

    stream.pause()
    until(lambda: state_of(stream) is State.PAUSED, stream.tick)
    assert stream.pipeline is None
    before = ledger.account("front").decoded
    stream.tick()
    assert len(built) == 1
    stream.resume()
    stream.tick()

    assert built[1].has_sent.wait(PATIENCE_S)
    assert ledger.account("front").decoded > before
    stream.cancel()
    until(lambda: stream.has_ended, stream.tick)
    assert ledger.account("front").is_balanced


def test_a_crash_is_repaired_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The stream is built again at once; the reason is logged, once."""
    ledger = Ledger()
    cameras = [FakeCamera(ledger, fails_after=3), FakeCamera(ledger)]
    to_build = iter(cameras)
    stream = live(lambda: running_of(next(to_build)), ledger)

    stream.tick()
    until(cameras[1].has_sent.is_set, stream.tick)

    assert stream.num_crashes == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the camera caught fire" in caplog.text
    stream.end()
    until(lambda: stream.has_ended, stream.tick)
    assert ledger.account("front").is_balanced


def test_a_stream_that_crashes_too_often_is_given_up_with_a_shout(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Six crashes within a minute; `rebuild` begins anew."""
    ledger, clock = Ledger(), ManualClock()
    is_mended = False
    mended = FakeCamera(ledger)

    def build() -> Running:
        return running_of(mended if is_mended else FakeCamera(ledger, fails_after=1))

    def tick() -> None:
        clock.advance(0.5)
        stream.tick()

    stream = live(build, ledger, clock)
    until(lambda: state_of(stream) is State.FAILED, tick)
    assert stream.num_crashes == 6
    assert caplog.records[-1].levelno == logging.CRITICAL
    assert "caught fire" in (stream.phase.message or "")
    assert caplog.text.count("in __call__") == 1  # the stack, once
    tick()
    assert stream.num_crashes == 6

    is_mended = True
    stream.rebuild()
    until(mended.has_sent.is_set, tick)

    assert state_of(stream) is State.CONNECTING
    stream.end()
    until(lambda: stream.has_ended, stream.tick)


def test_settings_that_cannot_be_had_are_a_crash_too() -> None:
    """The folder to write to may come back."""
    ledger = Ledger()
    camera = FakeCamera(ledger)
    failures = iter([SourceError("no such camera")])

    def build() -> Running:
        for failure in failures:
            raise failure
        return running_of(camera)

    stream = live(build, ledger)
    stream.tick()
    assert (state_of(stream), stream.phase.message) == (
        State.WAITING,
        "no such camera",
    )
    stream.tick()

    assert camera.has_sent.wait(PATIENCE_S)
    stream.end()
    until(lambda: stream.has_ended, stream.tick)


def test_what_does_not_end_in_time_is_cancelled() -> None:
    """A sink that holds the stream up loses what waits; the loss is counted."""
    ledger, clock = Ledger(), ManualClock()
    camera = FakeCamera(ledger)
    is_stuck, go_on = Event(), Event()

    def stick(inbox: Inbox) -> Outputs:
        for _ in inbox:
            is_stuck.set()
            assert go_on.wait(PATIENCE_S)
            ledger.written("front", "sink")
            yield

    stream = live(lambda: running_of(camera, stick), ledger, clock)
    stream.tick()
    assert is_stuck.wait(PATIENCE_S)
    stream.end()
    stream.tick()
    clock.advance(6)
    stream.tick()
    assert not stream.has_ended
    go_on.set()
    until(lambda: stream.has_ended, stream.tick)

    account = ledger.account("front")
    assert account.is_balanced
    assert account.sinks["sink"].dropped[("stop", "cancelled")] > 0


def test_a_source_that_ends_by_itself_is_not_begun_again() -> None:
    """A file is over once; restart is for somebody to ask."""
    ledger = Ledger()
    stream = live(lambda: running_of(FakeCamera(ledger, ends_after=3)), ledger)

    until(lambda: state_of(stream) is State.ENDED, stream.tick)
    stream.tick()

    assert stream.phase.message == "the source has ended"
    assert ledger.account("front").decoded == 3
    assert not stream.has_ended


def test_frames_without_an_outcome_are_told_and_kept_in_mind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A sink that forgets to count is found when the stream ends."""
    ledger = Ledger()

    def forget(inbox: Inbox) -> Outputs:
        for _ in inbox:
            yield

    camera = FakeCamera(ledger, ends_after=4)
    stream = live(lambda: running_of(camera, forget), ledger)

    until(lambda: state_of(stream) is State.ENDED, stream.tick)

    assert stream.num_unbalanced == 4
    assert "the ledger does not balance" in caplog.text


def test_whoever_waits_for_a_state_is_told() -> None:
    """Or that it did not come in time."""
    ledger = Ledger()
    stream = live(lambda: running_of(FakeCamera(ledger, ends_after=1)), ledger)
    assert not stream.wait_for(State.ENDED, timeout_s=0)

    waiting = in_background(lambda: stream.wait_for(State.ENDED, timeout_s=PATIENCE_S))
    until(waiting.done, stream.tick)

    assert waiting.result()
