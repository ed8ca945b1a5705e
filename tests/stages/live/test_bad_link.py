"""A link that swallows everything, or lets too little through."""

from __future__ import annotations

import pytest

from tests.stages.live.namespaces import run_alone

pytestmark = [pytest.mark.slow, pytest.mark.root]

WITHIN_S = 8.0  # 5 s, and what a busy machine adds


def test_a_black_hole_is_noticed_and_left_in_time() -> None:
    """No packet says that the connection is gone: silence does."""
    told = run_alone("bad_link", "hole")

    lost = [event for event in told["events"] if "down" in event]
    assert lost[0] == "down stalled"
    assert set(lost[1:]) == {"down timeout"}
    assert told["lost_s"] < WITHIN_S
    assert told["back_s"] < WITHIN_S


def test_a_link_that_is_too_thin_is_a_stall_and_costs_no_memory() -> None:
    """What does not pass is held back by the sender, until it gives up pictures."""
    told = run_alone("bad_link", "thin")

    lost = {event for event in told["events"] if "down" in event}
    assert lost <= {"down stalled", "down timeout", "down network", "down eof"}
    assert told["grown_mib"] < 16
    assert told["back_s"] < WITHIN_S
