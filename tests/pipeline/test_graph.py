from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest

from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.errors import MaskStreamError, PipelineError
from maskstream.pipeline.graph import Link, Pipeline
from maskstream.pipeline.stage import Inbox, Outputs
from tests.pipeline.fakes import Recorder, emit, failing, pass_on

pytestmark = pytest.mark.timeout(60)


def pairs(inbox: Inbox) -> Outputs:
    """Yield pairs, and what is left at the end."""
    held = []
    for item in inbox:
        held.append(item)
        if len(held) == 2:
            yield tuple(held)
            held.clear()
    if held:
        yield tuple(held)


def test_every_stage_flushes_when_the_stream_ends() -> None:
    """The end travels from stage to stage behind the last item; it is no item."""
    sink = Recorder()
    pipeline = Pipeline()
    pipeline.source("numbers", emit(range(5))).then("pairs", pairs).then("sink", sink)

    pipeline.run()

    assert sink.received == [(0, 1), (2, 3), (4,)]
    assert sink.finished.is_set()


def test_each_stage_runs_on_a_thread_of_its_name() -> None:
    """One thread a stage, so a stage needs no locks; none is left at the end."""
    names: list[str] = []

    def stage(inbox: Inbox) -> Outputs:
        for item in inbox:
            names.append(threading.current_thread().name)
            yield item

    before = set(threading.enumerate())
    pipeline = Pipeline()
    pipeline.source("numbers", emit(range(3))).then("own", stage)

    pipeline.run()

    assert names == ["own"] * 3
    assert set(threading.enumerate()) <= before


def test_a_pipeline_of_nothing_ends() -> None:
    """No stages, no wait."""
    pipeline = Pipeline()

    pipeline.run()

    assert pipeline.reports() == []


def test_what_nobody_receives_is_still_produced() -> None:
    """A stage without receivers runs to its end, as a sink does."""
    produced: list[int] = []

    def source() -> Outputs:
        for item in range(3):
            produced.append(item)
            yield item

    pipeline = Pipeline()
    pipeline.source("numbers", source)

    pipeline.run()

    assert produced == [0, 1, 2]


def test_a_sink_finishes_what_came_before_a_failure() -> None:
    """Downstream gets all that was made and finalises; upstream unwinds."""
    unwound: list[str] = []

    def endless() -> Outputs:
        try:
            yield from itertools.count()
        finally:
            unwound.append("source")

    sink = Recorder()
    pipeline = Pipeline()
    flow = pipeline.source("numbers", endless)
    flow.then("work", failing(at=7)).then("sink", sink)

    with pytest.raises(PipelineError) as caught:
        pipeline.run()

    (error,) = caught.value.exceptions
    assert str(error) == "bad item 7"
    assert error.__notes__ == ["in stage 'work'"]
    assert pipeline.failed_stage == "work"
    assert sink.received == list(range(7))
    assert sink.finished.is_set()
    assert unwound == ["source"]


def test_a_failure_is_raised_after_every_thread_has_ended() -> None:
    """Whoever catches it may delete, reopen and start again."""
    before = set(threading.enumerate())
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(itertools.count()))
    flow.then("work", pass_on).then("sink", failing(at=3))

    with pytest.raises(PipelineError):
        pipeline.run()

    assert set(threading.enumerate()) <= before


def test_several_failures_are_several_members() -> None:
    """Each names its stage, and none hides another."""
    pipeline = Pipeline()
    left = pipeline.source("left", emit(range(5)))
    right = pipeline.source("right", emit(range(5)))
    left.then("left sink", failing(at=0, error=KeyError("left")))
    right.then("right sink", failing(at=1, error=OSError("right")))

    with pytest.raises(PipelineError, match="pipeline failed") as caught:
        pipeline.run()

    notes = {type(error): error.__notes__ for error in caught.value.exceptions}
    assert notes == {
        KeyError: ["in stage 'left sink'"],
        OSError: ["in stage 'right sink'"],
    }
    assert pipeline.failed_stage in {"left sink", "right sink"}


def test_part_of_a_pipeline_error_is_one_too() -> None:
    """``except*`` leaves the remainder catchable as ours."""
    error = PipelineError("pipeline failed", [KeyError(), OSError()])

    part, rest = error.split(OSError)

    assert isinstance(part, PipelineError)
    assert isinstance(rest, PipelineError)
    assert isinstance(rest, MaskStreamError)


def fail(where: str) -> None:
    """Raise an error that tells where."""
    raise ValueError(where)


def failing_set_up(inbox: Inbox) -> Outputs:
    """Fail before the first item."""
    fail("set-up")
    yield from inbox


def failing_flush(inbox: Inbox) -> Outputs:
    """Fail behind the last item."""
    yield from inbox
    fail("flush")


def failing_clean_up(inbox: Inbox) -> Outputs:
    """Fail when closed."""
    try:
        yield from inbox
    finally:
        fail("clean-up")


@pytest.mark.parametrize(
    ("stage", "received"),
    [
        (failing_set_up, []),
        (failing_flush, [0, 1, 2]),
        (failing_clean_up, [0, 1, 2]),
    ],
    ids=["set-up", "flush", "clean-up"],
)
def test_a_stage_may_fail_at_any_time(
    stage: Callable[[Inbox], Outputs], received: list[int]
) -> None:
    """Before, behind or beside its items: the neighbours end in the same way."""
    sink = Recorder()
    pipeline = Pipeline()
    pipeline.source("numbers", emit(range(3))).then("work", stage).then("sink", sink)

    with pytest.raises(PipelineError):
        pipeline.run()

    assert pipeline.failed_stage == "work"
    assert sink.received == received
    assert sink.finished.is_set()


def test_a_clean_up_that_fails_after_an_early_end_is_told() -> None:
    """A file that could not be finished is no success, though nobody wanted more."""
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(itertools.count()))
    flow.then("work", failing_clean_up).then("sink", Recorder(limit=1))

    with pytest.raises(PipelineError) as caught:
        pipeline.run()

    assert [str(error) for error in caught.value.exceptions] == ["clean-up"]


def test_a_sink_that_leaves_early_ends_the_source() -> None:
    """An endless stream ends when nobody receives it, and that is no failure."""
    sink = Recorder(limit=3)
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(itertools.count()))
    flow.then("work", pass_on).then("sink", sink)

    pipeline.run()

    assert sink.received == [0, 1, 2]
    assert pipeline.failed_stage is None


@pytest.mark.parametrize("capacities", [(1, 1), (3, 2, 1), (1, 4)])
def test_what_is_in_flight_is_bounded(capacities: tuple[int, ...]) -> None:
    """At most the sum of the capacities and one item in the hand of each stage."""
    bound = sum(capacities) + len(capacities) + 1
    peak = 0
    done: list[int] = []
    is_full = threading.Event()

    def source() -> Outputs:
        nonlocal peak
        for index in range(30):
            peak = max(peak, index + 1 - len(done))
            if index + 1 == bound:
                is_full.set()
            yield index

    def slow_sink(inbox: Inbox) -> Outputs:
        for item in inbox:
            assert is_full.wait(20)
            done.append(item)
            yield

    pipeline = Pipeline()
    flow = pipeline.source("source", source)
    for index, capacity in enumerate(capacities[:-1]):
        flow = flow.then(f"stage {index}", pass_on, Link(capacity))
    flow.then("sink", slow_sink, Link(capacities[-1]))

    pipeline.run()

    assert peak == bound
    assert done == list(range(30))


def test_a_live_link_drops_the_oldest_and_reports_each() -> None:
    """Source and sink part the items between what was received and what was dropped."""
    dropped: list[int] = []
    all_sent = threading.Event()
    received: list[int] = []

    def source() -> Outputs:
        yield from range(100)
        all_sent.set()

    def slow_sink(inbox: Inbox) -> Outputs:
        for item in inbox:
            assert all_sent.wait(20)
            received.append(item)
            yield

    pipeline = Pipeline()
    pipeline.source("camera", source).then(
        "sink", slow_sink, Link(2, Overflow.DROP_OLDEST, dropped.append)
    )

    pipeline.run()

    assert received[-2:] == [98, 99]
    assert len(received) <= 3
    assert sorted(received + dropped) == list(range(100))
