"""When a rule begins to hold and when it ends: by hand and at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.events.rules import Begin, End, Rule, RuleState

CROWD = Rule("crowd", ("pedestrian",), 0.02, for_s=1.0, ends_after_s=1.0)


def play(
    rule: Rule, shares: list[float], step_s: float = 0.5
) -> list[tuple[float, Begin | End]]:
    """Show a rule one share after another; what changed, and when it was told."""
    state = RuleState(rule)
    return [
        (number * step_s, change)
        for number, share in enumerate(shares)
        for change in state.update(number * step_s, share)
    ]


def test_a_rule_begins_after_its_time_and_ends_after_its_own() -> None:
    """Told then, but dated from when the share first was beyond, or back."""
    changes = play(CROWD, [0, 0.03, 0.05, 0.04, 0.04, 0.01, 0, 0, 0])

    assert changes == [
        (1.5, Begin(since_s=0.5, peak_share=0.05)),
        (3.5, End(until_s=2.5, peak_share=0.05)),
    ]


def test_a_share_that_trembles_is_one_event() -> None:
    """Between the threshold and the hysteresis below it nothing changes."""
    changes = play(CROWD, [0.03] * 4 + [0.019, 0.021] * 10 + [0.016] * 4)

    assert changes == [(1.0, Begin(0.0, 0.03)), (13.0, End(12.0, 0.03))]


def test_a_rule_may_be_about_too_little() -> None:
    """Its peak is the least share."""
    rule = replace(CROWD, threshold=0.5, is_above=False)

    changes = play(rule, [0.9, 0.4, 0.2, 0.3, 0.55, 0.7, 0.7, 0.7])

    assert changes == [(1.5, Begin(0.5, 0.2)), (3.5, End(2.5, 0.2))]


def test_nothing_is_lost_that_was_not_there() -> None:
    """Something disappears only after it was seen; and again after it came back."""
    rule = Rule("gone", ("car",), 0.001, is_above=False, is_loss=True, ends_after_s=0.0)

    changes = play(rule, [0, 0, 0.1, 0, 0, 0.1, 0])

    told = [(at, type(change)) for at, change in changes]
    assert told == [(1.5, Begin), (2.5, End), (3.0, Begin)]


def test_a_cooldown_keeps_quiet() -> None:
    """What holds on through it is told when it is over."""
    rule = replace(CROWD, for_s=0.0, ends_after_s=0.0, cooldown_s=2.0)

    changes = play(rule, [0.1, 0, 0.1, 0, 0.1, 0.1, 0.1])

    told = [(at, type(change)) for at, change in changes]
    assert told == [(0.0, Begin), (0.5, End), (2.5, Begin)]


@pytest.mark.parametrize("times", [[0.0, 1.0, 2.0, 60.0], [50.0, 51.0, 52.0, 0.0]])
def test_a_gap_ends_what_held(times: list[float]) -> None:
    """With the last time that anybody looked; the rule then begins anew."""
    state = RuleState(CROWD)

    changes = [state.update(time_s, 0.1) for time_s in times]

    last_s = times[2]
    assert changes[3] == [End(until_s=last_s, peak_share=0.1, is_cut=True)]
    assert state.update(times[3] + 1.0, 0.1) == [Begin(times[3], 0.1)]


def test_the_end_of_a_stream_ends_what_held() -> None:
    """Once."""
    state = RuleState(replace(CROWD, for_s=0.0))
    state.update(1.0, 0.1)

    assert state.cut() == [End(1.0, 0.1, is_cut=True)]
    assert state.cut() == []


@settings(max_examples=200, deadline=None)
@given(
    shares=st.lists(st.sampled_from([0.0, 0.017, 0.019, 0.02, 0.03, 0.5]), max_size=60),
    for_s=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    ends_after_s=st.sampled_from([0.0, 1.0, 2.0]),
    cooldown_s=st.sampled_from([0.0, 4.0]),
    is_above=st.booleans(),
)
def test_what_is_told_is_so(
    shares: list[float],
    for_s: float,
    ends_after_s: float,
    cooldown_s: float,
    is_above: bool,
) -> None:
    """Of any sequence: begins and ends alternate, each true of the shares before it."""
    rule = replace(
        CROWD,
        for_s=for_s,
        ends_after_s=ends_after_s,
        cooldown_s=cooldown_s,
        is_above=is_above,
    )

    changes = play(rule, shares)

    kinds = [type(change) for _, change in changes]
    assert kinds == [Begin, End] * (len(kinds) // 2) + [Begin] * (len(kinds) % 2)
    ended_s, began_s = -1e9, 0.0
    for at_s, change in changes:
        here = round(at_s / 0.5)
        if isinstance(change, Begin):
            first = round(change.since_s / 0.5)
            assert all(rule.is_beyond(share) for share in shares[first : here + 1])
            assert first == 0 or not rule.is_beyond(shares[first - 1]) or ended_s > 0
            assert at_s - change.since_s >= for_s
            assert at_s - ended_s >= cooldown_s
            began_s = at_s
        else:
            first = round(change.until_s / 0.5)
            assert all(rule.is_back(share) for share in shares[first : here + 1])
            assert at_s - change.until_s >= ends_after_s
            assert change.until_s > began_s
            ended_s = at_s
    if not changes and cooldown_s == 0.0:
        longest = max(
            (
                sum(1 for _ in run)
                for run in _runs([rule.is_beyond(share) for share in shares])
            ),
            default=0,
        )
        assert longest == 0 or (longest - 1) * 0.5 < for_s


def _runs(facts: list[bool]) -> list[list[bool]]:
    runs: list[list[bool]] = [[]]
    for fact in facts:
        if fact:
            runs[-1].append(fact)
        else:
            runs.append([])
    return runs


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"threshold": 2.0}, "a threshold is a share, got 2.0"),
        ({"hysteresis": -1.0}, "a hysteresis is a share, got -1.0"),
        ({"within": ((0.0, 0.0), (1.0, 1.0))}, "a region has three corners, got 2"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, Any], sentence: str) -> None:
    """When the rule is made."""
    with pytest.raises(ConfigError, match=sentence):
        replace(CROWD, **changed)
