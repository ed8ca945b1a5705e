from __future__ import annotations

import itertools

import pytest

from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.errors import PipelineError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.link import Link
from maskstream.pipeline.stage import Inbox, Outputs
from tests.pipeline.fakes import Recorder, emit, failing, pass_on

pytestmark = pytest.mark.timeout(60)


def test_each_branch_of_a_tee_gets_every_item() -> None:
    """Through channels of their own, in the same order."""
    first, second = Recorder(), Recorder()
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(range(20)))
    flow.then("first", first, Link(1))
    flow.then("second", second, Link(5))

    pipeline.run()

    assert first.received == second.received == list(range(20))


@pytest.mark.parametrize("first_branch_leaves", [True, False])
def test_a_branch_that_leaves_costs_the_other_nothing(
    first_branch_leaves: bool,
) -> None:
    """It is skipped from then on, be it the first or the second."""
    leaving, staying = Recorder(limit=2), Recorder()
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(range(50)))
    for sink in (leaving, staying) if first_branch_leaves else (staying, leaving):
        flow.then("sink", sink, Link(1))

    pipeline.run()

    assert leaving.received == [0, 1]
    assert staying.received == list(range(50))


def test_a_branch_that_fails_costs_the_other_nothing() -> None:
    """The other branch gets every item; the failure is raised at the end."""
    sink = Recorder()
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(range(50)))
    flow.then("failing", failing(at=0), Link(1))
    flow.then("sink", sink, Link(1))

    with pytest.raises(PipelineError):
        pipeline.run()

    assert pipeline.failed_stage == "failing"
    assert sink.received == list(range(50))
    assert sink.finished.is_set()


def test_the_last_branch_that_leaves_ends_the_stream() -> None:
    """An endless source ends when no branch receives it any more."""
    first, second = Recorder(limit=2), Recorder(limit=5)
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(itertools.count()))
    flow.then("first", first)
    flow.then("second", second)

    pipeline.run()

    assert first.received == [0, 1]
    assert second.received == [0, 1, 2, 3, 4]


def test_a_branch_may_drop_where_the_other_may_not() -> None:
    """A preview that stands still holds nobody: the file gets every frame."""
    file = Recorder()
    preview: list[int] = []

    def preview_sink(inbox: Inbox) -> Outputs:
        for item in inbox:
            assert file.finished.wait(20)
            preview.append(item)
            yield

    pipeline = Pipeline()
    flow = pipeline.source("camera", emit(range(50)))
    flow.then("preview", preview_sink, Link(1, Overflow.DROP_OLDEST))
    flow.then("file", file)

    pipeline.run()

    assert file.received == list(range(50))
    assert preview[-1] == 49
    assert len(preview) <= 2


def test_a_link_is_bounded_by_weight_as_well_as_by_count() -> None:
    """Heavy items wait in smaller number."""
    pipeline = Pipeline()
    heavy = Link(capacity=10, max_weight=5, weigh=lambda _: 3)

    flow = pipeline.source("a", emit(range(20))).then("b", pass_on, heavy)
    flow.then("c", pass_on, heavy)
    pipeline.run()

    assert {stats.peak_depth for stats in pipeline.inboxes().values()} == {1}
