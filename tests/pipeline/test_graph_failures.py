from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest

from maskstream.pipeline.errors import MaskStreamError, PipelineError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.stage import Inbox, Outputs
from tests.pipeline.fakes import Recorder, emit, failing, pass_on

pytestmark = pytest.mark.timeout(60)


def fail(where: str) -> None:
    """Raise an error that tells where."""
    raise ValueError(where)


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


def test_the_first_failure_is_named() -> None:
    """What else went wrong while the others unwound comes behind it."""

    def source() -> Outputs:
        try:
            yield from itertools.count()
        finally:
            fail("clean-up")

    pipeline = Pipeline()
    pipeline.source("source", source).then("sink", failing(at=3))

    with pytest.raises(PipelineError) as caught:
        pipeline.run()

    assert pipeline.failed_stage == "sink"
    assert [str(error) for error in caught.value.exceptions] == [
        "bad item 3",
        "clean-up",
    ]


def test_part_of_a_pipeline_error_is_one_too() -> None:
    """``except*`` leaves the remainder catchable as ours."""
    error = PipelineError("pipeline failed", [KeyError(), OSError()])

    part, rest = error.split(OSError)

    assert isinstance(part, PipelineError)
    assert isinstance(rest, PipelineError)
    assert isinstance(rest, MaskStreamError)


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
