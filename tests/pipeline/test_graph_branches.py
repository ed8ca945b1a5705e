from __future__ import annotations

import itertools
import threading

import pytest

from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.errors import PipelineError
from maskstream.pipeline.graph import Link, Pipeline
from maskstream.pipeline.stage import Inbox, Outputs
from tests.pipeline.fakes import Recorder, emit, failing, pass_on

pytestmark = pytest.mark.timeout(60)


def is_even(item: int) -> bool:
    """Tell even items."""
    return item % 2 == 0


def is_odd(item: int) -> bool:
    """Tell odd items."""
    return item % 2 == 1


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


def test_a_route_takes_what_it_accepts() -> None:
    """Each item goes where it is accepted; accepted nowhere, it ends there."""
    even, odd = Recorder(), Recorder()
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit([0, 1, 2, 3, 0.5, 4]))
    flow.route(is_even).then("even", even)
    flow.route(is_odd).then("odd", odd)

    pipeline.run()

    assert even.received == [0, 2, 4]
    assert odd.received == [1, 3]


def test_a_route_that_leaves_does_not_end_the_others() -> None:
    """The stream goes on for as long as one of its routes is there."""
    even, odd = Recorder(limit=1), Recorder()
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(range(20)))
    flow.route(is_even).then("even", even)
    flow.route(is_odd).then("odd", odd)

    pipeline.run()

    assert even.received == [0]
    assert odd.received == list(range(1, 20, 2))


def test_a_route_may_fork() -> None:
    """Two sinks of one stream each get all that the route accepts."""
    file, mask = Recorder(), Recorder()
    pipeline = Pipeline()
    route = pipeline.source("numbers", emit(range(6))).route(is_even)
    route.then("file", file)
    route.then("mask", mask)

    pipeline.run()

    assert file.received == mask.received == [0, 2, 4]


def test_a_route_is_not_routed_again() -> None:
    """One condition a route: the second would silently be the only one."""
    route = Pipeline().source("numbers", emit(range(3))).route(is_even)

    with pytest.raises(ValueError, match="cannot be routed again"):
        route.route(is_odd)


def test_a_route_that_cannot_judge_fails_its_stage() -> None:
    """An exception in the condition ends the stage that sends."""
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit([1, "one"]))
    flow.route(is_odd).then("sink", Recorder())

    with pytest.raises(PipelineError):
        pipeline.run()

    assert pipeline.failed_stage == "numbers"


def test_merged_flows_keep_their_own_order() -> None:
    """Every item of every stream arrives once, each stream in its order."""
    sink = Recorder()
    pipeline = Pipeline()
    flows = [
        (pipeline.source(name, emit([(name, i) for i in range(20)])), Link(capacity))
        for name, capacity in (("a", 1), ("b", 3))
    ]
    pipeline.merge(flows, "sink", sink)

    pipeline.run()

    for name in "ab":
        indices = [index for stream, index in sink.received if stream == name]
        assert indices == list(range(20))


def test_a_silent_stream_does_not_hold_the_others() -> None:
    """What one camera sends is through while the other has sent nothing."""
    others_are_through = threading.Event()

    def silent() -> Outputs:
        assert others_are_through.wait(20)
        yield "late"

    def sink(inbox: Inbox) -> Outputs:
        for item in inbox:
            if item == 9:
                others_are_through.set()
            received.append(item)
            yield

    received: list[object] = []
    pipeline = Pipeline()
    flows = [
        pipeline.source("silent", silent),
        pipeline.source("busy", emit(range(10))),
    ]
    pipeline.merge([(flow, Link(1)) for flow in flows], "sink", sink)

    pipeline.run()

    assert received == [*range(10), "late"]


def test_a_source_that_fails_does_not_end_the_others() -> None:
    """A dead camera costs only itself."""

    def dying() -> Outputs:
        yield "last words"
        raise ConnectionError

    sink = Recorder()
    pipeline = Pipeline()
    flows = [pipeline.source("dying", dying), pipeline.source("well", emit(range(30)))]
    pipeline.merge([(flow, Link(1)) for flow in flows], "sink", sink)

    with pytest.raises(PipelineError):
        pipeline.run()

    assert pipeline.failed_stage == "dying"
    assert [item for item in sink.received if item != "last words"] == list(range(30))


def test_a_merging_stage_that_leaves_ends_every_source() -> None:
    """No camera reads on for nobody."""
    pipeline = Pipeline()
    flows = [pipeline.source(name, emit(itertools.count())) for name in "abc"]
    pipeline.merge([(flow, Link(1)) for flow in flows], "sink", Recorder(limit=4))

    pipeline.run()

    assert pipeline.failed_stage is None


def test_branches_may_meet_again() -> None:
    """A stream that forks and merges loses nothing and does not lock up."""
    sink = Recorder()
    pipeline = Pipeline()
    fork = pipeline.source("numbers", emit(range(30)))
    branches = [fork.then(name, pass_on, Link(1)) for name in "ab"]
    pipeline.merge([(branch, Link(1)) for branch in branches], "sink", sink)

    pipeline.run()

    assert sorted(sink.received) == sorted([*range(30), *range(30)])


def test_a_link_is_bounded_by_weight_as_well_as_by_count() -> None:
    """Heavy items wait in smaller number, on a merged flow and on a plain one."""
    pipeline = Pipeline()
    heavy = Link(capacity=10, max_weight=5, weigh=lambda _: 3)

    merged = pipeline.merge(
        [(pipeline.source("a", emit(range(20))), heavy)], "b", pass_on
    )
    merged.then("c", pass_on, heavy)
    pipeline.run()

    assert {stats.peak_depth for stats in pipeline.inboxes().values()} == {1}
