from __future__ import annotations

import pytest

from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.link import Link
from maskstream.pipeline.node import StageReport
from maskstream.pipeline.stage import Inbox, Outputs
from tests.pipeline.fakes import Recorder, emit, pass_on
from tests.pipeline.threads import WatchedClock

pytestmark = pytest.mark.timeout(60)


def test_a_life_is_work_and_waits() -> None:
    """Time before an empty inbox is the receiver's wait, and shows while it lasts."""
    clock = WatchedClock()
    reports: list[StageReport] = []

    def source() -> Outputs:
        clock.wait_until_read(3)  # Both have started, and the sink waits.
        clock.advance(2)
        reports.extend(pipeline.reports())
        clock.advance(1)
        yield "item"

    def sink(inbox: Inbox) -> Outputs:
        for _ in inbox:
            clock.advance(4)
            yield

    pipeline = Pipeline(clock=clock)
    pipeline.source("source", source).then("sink", sink)

    pipeline.run()

    assert reports == [
        StageReport("source", items=0, busy_s=2, input_wait_s=0, output_wait_s=0),
        StageReport("sink", items=0, busy_s=0, input_wait_s=2, output_wait_s=0),
    ]
    _, sink_report = pipeline.reports()
    assert sink_report.items == 1
    assert sink_report.busy_s == 4
    assert sink_report.input_wait_s == 3


def test_time_before_a_full_outbox_is_no_work() -> None:
    """The stage behind is the bottleneck, and the report says so."""
    clock = WatchedClock()

    def sink(inbox: Inbox) -> Outputs:
        items = iter(inbox)
        next(items)
        clock.wait_until_read(3)  # Both have started, and the source waits.
        clock.advance(5)
        yield from (None for _ in items)

    pipeline = Pipeline(clock=clock)
    pipeline.source("source", emit(range(3))).then("sink", sink, Link(1))

    pipeline.run()

    source_report, sink_report = pipeline.reports()
    assert (source_report.busy_s, source_report.output_wait_s) == (0, 5)
    assert sink_report.busy_s == 5


class HeldUpClock(WatchedClock):
    """A clock whose readers are held up after each reading."""

    def __init__(self) -> None:
        super().__init__()
        self.lag_s = 0.0

    def __call__(self) -> float:
        """Return the time now, in seconds; it is later when it is used."""
        now_s = super().__call__()
        self.advance(self.lag_s)
        return now_s


def test_busy_time_never_goes_back() -> None:
    """It is a counter: a reading that is held up half-way must not lower it."""
    clock = HeldUpClock()
    busy_s: list[float] = []

    def source() -> Outputs:
        clock.wait_until_read(3)  # Both have started, and the sink waits.
        for clock.lag_s in (0, 10, 10, 0):
            _, sink_report = pipeline.reports()
            busy_s.append(sink_report.busy_s)
        yield "item"

    def sink(inbox: Inbox) -> Outputs:
        clock.advance(3)
        yield from inbox

    pipeline = Pipeline(clock=clock)
    pipeline.source("source", source).then("sink", sink)

    pipeline.run()

    assert busy_s == [3, 3, 3, 3]


def test_a_stage_that_has_not_started_has_done_nothing() -> None:
    """Reports may be read at any time, in the order of building."""
    pipeline = Pipeline()
    pipeline.source("source", emit(range(3))).then("work", pass_on).then(
        "sink", Recorder()
    )

    reports = pipeline.reports()

    assert [report.name for report in reports] == ["source", "work", "sink"]
    assert {(report.items, report.busy_s) for report in reports} == {(0, 0.0)}


def test_inboxes_are_counted_by_stage() -> None:
    """A source has none; the others tell how full theirs is and was."""
    pipeline = Pipeline()
    flow = pipeline.source("source", emit(range(5)))
    flow.then("work", pass_on, Link(2)).then("sink", Recorder(), Link(3))

    pipeline.run()

    inboxes = pipeline.inboxes()
    assert list(inboxes) == ["work", "sink"]
    assert [stats.capacity for stats in inboxes.values()] == [2, 3]
    assert all(stats.sent == stats.received == 5 for stats in inboxes.values())
