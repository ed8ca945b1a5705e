"""Datagrams that are lost: what is damaged is not shown, and is counted."""

from __future__ import annotations

import pytest

from tests.stages.live.namespaces import run_alone

pytestmark = [pytest.mark.slow, pytest.mark.root]


@pytest.mark.parametrize(
    ("percent", "num_frames", "path", "pattern"),
    [
        # A picture in a datagram: whole pictures are lost, and nothing else tells.
        (3, 100, "open", "ball"),
        (10, 30, "open", "ball"),
        # Slices are lost, of which the decoder says nothing.
        (3, 60, "sliced", "ball"),
        # Many datagrams a picture.
        (3, 30, "open", "snow"),
    ],
)
def test_loss_costs_what_it_damaged(
    percent: int, num_frames: int, path: str, pattern: str
) -> None:
    """Frames go on, each as who lost nothing sees it, from the next keyframe on."""
    told = run_alone("lossy_network", percent, num_frames, path, pattern)

    assert told["frames"] >= num_frames
    assert told["untrue"] == 0
    assert told["decoded"] == told["frames"] + told["dropped"]
    assert told["notes"]["missed_packets"] > 0
    assert told["notes"]["wait_keyframe"] > 0
    assert told["events"] == ["connecting", "up 320x240"]


@pytest.mark.parametrize("overload", ["hold", "drop"])
def test_overload_and_loss_at_once_smear_nothing(overload: str) -> None:
    """Frames are left out behind the decoder alone, which sees all that came."""
    told = run_alone("overloaded_network", 3, 100, overload)

    assert told["has_enough"], told
    assert told["untrue"] == 0
    assert told["decoded"] == told["written"] + told["dropped"]
    assert told["notes"]["missed_packets"] > 0
    if overload == "hold":
        assert told["held"] > 0
    else:
        assert told["dropped"] > 0
