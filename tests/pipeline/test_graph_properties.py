from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given, settings

from tests.pipeline.random_graphs import GraphPlan, graphs
from tests.pipeline.random_run import RandomRun

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FAILURES = ("raise", "raise in clean-up", "leave")

thoroughly = settings(max_examples=100, deadline=None)


def assert_all_ended(run: RandomRun) -> None:
    """Every stage cleaned up, every error was told, and no thread or item is left."""
    assert sorted(run.cleaned_up) == sorted(run.stages)
    assert sorted(map(id, run.reported)) == sorted(map(id, run.raised.values()))
    for name, error in run.raised.items():
        assert error.__notes__ == [f"in stage {name!r}"]
    assert (run.streams.failed_stage in run.raised) == bool(run.raised)
    assert not run.threads_left
    inboxes = [one.inboxes().values() for one in run.streams.pipelines]
    for stats in chain.from_iterable(inboxes):
        assert stats.sent == stats.received + stats.dropped
        assert stats.depth == 0
        assert stats.peak_depth <= stats.capacity


def assert_settled(run: RandomRun) -> None:
    """What was counted as written is what the sinks got; the rest is dropped."""
    for account in run.ledger.accounts().values():
        assert min(account.in_flight.values()) >= 0
    run.ledger.settle(stage="run", reason="cut short")
    for stream, account in run.ledger.accounts().items():
        assert account.is_balanced
        for sink, sums in account.sinks.items():
            assert sums.written == len(run.received[stream, sink])


@thoroughly
@given(graphs(*FAILURES, "drain", "cancel"))
def test_every_sink_gets_a_prefix_of_its_stream(plan: GraphPlan) -> None:
    """Without a gap, a repetition or a swap, whatever fails, leaves or is stopped."""
    run = RandomRun(plan)

    for indices in run.received.values():
        assert indices == list(range(len(indices)))
    assert_all_ended(run)
    assert_settled(run)


@thoroughly
@given(graphs("drain"))
def test_nothing_that_was_decoded_is_lost(plan: GraphPlan) -> None:
    """The whole stream or, when drained, what was decoded of it reaches each sink."""
    run = RandomRun(plan)

    for stream, account in run.ledger.accounts().items():
        assert account.is_balanced
        assert account.dropped == 0
        for sink in account.sinks:
            assert run.received[stream, sink] == list(range(account.decoded))
    if not plan.incidents:
        decoded = [account.decoded for account in run.ledger.accounts().values()]
        assert decoded == list(plan.lengths)
    assert_all_ended(run)


@thoroughly
@given(graphs("drain", is_live=True))
def test_live_streams_stay_fresh_and_count_what_they_drop(plan: GraphPlan) -> None:
    """Frames keep their order, the last always arrives, and the ledger balances."""
    run = RandomRun(plan)

    for stream, account in run.ledger.accounts().items():
        assert account.is_balanced
        for sink in account.sinks:
            indices = run.received[stream, sink]
            assert indices == sorted(set(indices))
            assert indices[-1:] == [account.decoded - 1][: account.decoded]
    assert_all_ended(run)


@thoroughly
@given(graphs(*FAILURES, "drain", "cancel", is_live=True))
def test_live_streams_may_be_cut_short(plan: GraphPlan) -> None:
    """Drops, failures and stops at once: all is still ended, in order and counted."""
    run = RandomRun(plan)

    for indices in run.received.values():
        assert indices == sorted(set(indices))
    assert_all_ended(run)
    assert_settled(run)
