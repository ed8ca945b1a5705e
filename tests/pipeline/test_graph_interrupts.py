from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import count
from threading import Semaphore, Thread

import pytest

from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.stage import Inbox, Outputs
from tests.pipeline.fakes import Recorder, emit, pass_on
from tests.pipeline.threads import PATIENCE_S, in_background

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def ctrl_c_interrupts() -> Iterator[None]:
    """Python leaves SIGINT ignored where its parent did, as a shell's `&` does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("interrupted", [Pipeline.drain, Pipeline.cancel])
def test_a_signal_may_interrupt_another(
    interrupted: Callable[[Pipeline], None],
) -> None:
    """Handlers run in the middle of each other, so neither may hold a lock."""
    pipeline = Pipeline()
    pipeline.source("numbers", emit(range(3))).then("sink", Recorder())

    def handle_two_signals() -> None:
        sys.setprofile(lambda *_: pipeline.cancel())  # At each call and return.
        try:
            interrupted(pipeline)
        finally:
            sys.setprofile(None)

    in_background(handle_two_signals).result(PATIENCE_S)

    assert pipeline.is_cancelled


class WatchedPipeline(Pipeline):
    """A pipeline that tells when somebody waits for its end."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = Semaphore(0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until every stage has ended, and tell of it."""
        self.waits.release()
        return super().wait(timeout_s)


def press_ctrl_c() -> None:
    """Send SIGINT to the main thread."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_ctrl_c_ends_a_run() -> None:
    """Every stage has cleaned up before the interrupt is raised."""
    sink = Recorder()
    sink_thread: list[Thread] = []
    cleaned_up: list[str] = []

    def slow_to_end() -> Outputs:
        try:
            yield from count()
        finally:
            sink_thread[0].join(PATIENCE_S)
            cleaned_up.append("source")

    def interrupting(inbox: Inbox) -> Outputs:
        sink_thread.append(threading.current_thread())
        assert pipeline.waits.acquire(timeout=PATIENCE_S)
        press_ctrl_c()
        yield from sink(inbox)

    before = set(threading.enumerate())
    pipeline = WatchedPipeline()
    pipeline.source("endless", slow_to_end).then("sink", interrupting)

    with pytest.raises(KeyboardInterrupt):
        pipeline.run()

    assert pipeline.is_cancelled
    assert sink.finished.is_set()
    assert cleaned_up == ["source"]
    assert set(threading.enumerate()) <= before


def test_a_run_looks_up_while_it_waits() -> None:
    """A signal just before a wait is seen no later than at the next one."""

    def source() -> Outputs:
        for item in range(2):
            assert pipeline.waits.acquire(timeout=PATIENCE_S)
            yield item

    sink = Recorder()
    pipeline = WatchedPipeline()
    pipeline.source("source", source).then("sink", sink)

    pipeline.run()

    assert sink.received == [0, 1]


def test_ctrl_c_may_come_before_every_stage_has_started() -> None:
    """Those that have started are ended and waited for."""

    def interrupting() -> Outputs:
        press_ctrl_c()
        yield from count()

    before = set(threading.enumerate())
    pipeline = Pipeline()
    pipeline.source("endless", interrupting).then("sink", Recorder())

    with pytest.raises(KeyboardInterrupt):
        pipeline.run()

    assert set(threading.enumerate()) <= before


def test_ctrl_c_is_not_hidden_by_a_failure() -> None:
    """A sink that cannot finish must not turn an interrupt into an error."""

    def broken(inbox: Inbox) -> Outputs:
        assert pipeline.waits.acquire(timeout=PATIENCE_S)
        press_ctrl_c()
        yield from inbox
        raise OSError("broken pipe")

    pipeline = WatchedPipeline()
    pipeline.source("endless", emit(count())).then("sink", broken)

    with pytest.raises(KeyboardInterrupt):
        pipeline.run()

    assert pipeline.failed_stage == "sink"


def test_a_start_that_fails_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system has no more threads, those that run are ended."""

    class ScarceThread(Thread):
        def start(self) -> None:
            if self.name == "sink":
                raise RuntimeError("can't start new thread")
            super().start()

    before = set(threading.enumerate())
    pipeline = Pipeline()
    flow = pipeline.source("endless", emit(count()))
    flow.then("work", pass_on).then("sink", Recorder())
    monkeypatch.setattr("maskstream.pipeline.graph.Thread", ScarceThread)

    with pytest.raises(RuntimeError, match="can't start"):
        pipeline.run()

    assert set(threading.enumerate()) <= before
