from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskstream.pipeline.ledger import Ledger
from tests.pipeline.threads import PATIENCE_S, in_background


def ledger_of(*sinks: str, decoded: int = 0) -> Ledger:
    """Return a ledger with one stream, "cam", and so many frames of it."""
    ledger = Ledger()
    ledger.open("cam", sinks)
    for _ in range(decoded):
        ledger.decoded("cam")
    return ledger


def test_a_frame_is_in_flight_until_it_has_an_outcome() -> None:
    """The account balances when each frame was written or dropped."""
    ledger = ledger_of("video", decoded=3)

    ledger.written("cam", "video", 2)
    meanwhile = ledger.accounts()["cam"]
    ledger.dropped("cam", stage="decode", reason="late", sink="video")
    account = ledger.accounts()["cam"]

    assert meanwhile.in_flight == {"video": 1}
    assert not meanwhile.is_balanced
    assert account.in_flight == {"video": 0}
    assert account.is_balanced


def test_each_sink_has_an_account_of_its_own() -> None:
    """One sink's frames do not stand in for another's."""
    ledger = ledger_of("video", "mask", decoded=2)

    ledger.written("cam", "video", 2)

    account = ledger.accounts()["cam"]
    assert account.in_flight == {"video": 0, "mask": 2}
    assert not account.is_balanced


def test_a_drop_before_the_fork_is_a_drop_for_every_sink() -> None:
    """A frame that never reached the fork is missing everywhere, with its reason."""
    ledger = ledger_of("video", "mask", decoded=5)

    ledger.dropped("cam", stage="decode", reason="overflow", frames=2)
    ledger.dropped("cam", stage="video", reason="disk full", sink="video")

    sinks = ledger.accounts()["cam"].sinks
    assert sinks["mask"].dropped == {("decode", "overflow"): 2}
    assert sinks["video"].dropped == {
        ("decode", "overflow"): 2,
        ("video", "disk full"): 1,
    }
    assert sinks["video"].num_dropped == 3


def test_the_sum_of_a_stream_is_that_of_its_worst_sink() -> None:
    """Written is what every sink has; dropped is what some sink lacks."""
    ledger = ledger_of("video", "mask", decoded=4)

    ledger.written("cam", "video", 4)
    ledger.written("cam", "mask", 1)
    ledger.dropped("cam", stage="mask", reason="failed", sink="mask", frames=3)

    account = ledger.accounts()["cam"]
    assert (account.decoded, account.written, account.dropped) == (4, 1, 3)


def test_a_stream_without_sinks_balances() -> None:
    """Where nothing was promised, nothing is missing."""
    account = ledger_of(decoded=3).accounts()["cam"]

    assert (account.decoded, account.written, account.dropped) == (3, 0, 0)
    assert account.is_balanced


def test_a_frame_written_twice_is_an_imbalance() -> None:
    """Settling does not hide it: too much is as wrong as too little."""
    ledger = ledger_of("video", decoded=1)
    ledger.written("cam", "video", 2)

    ledger.settle(stage="run", reason="cut short")

    assert ledger.accounts()["cam"].in_flight == {"video": -1}


def test_settling_drops_what_has_no_outcome() -> None:
    """After a run that was cut short, each sink's missing frames get one."""
    ledger = ledger_of("video", "mask", decoded=5)
    ledger.written("cam", "video", 5)
    ledger.written("cam", "mask", 3)

    ledger.settle(stage="run", reason="cancelled")

    account = ledger.accounts()["cam"]
    assert account.is_balanced
    assert account.sinks["video"].dropped == {}
    assert account.sinks["mask"].dropped == {("run", "cancelled"): 2}


def test_streams_do_not_mix() -> None:
    """Frames and notes belong to the stream that they were told of."""
    ledger = Ledger()
    for stream in ("a", "b"):
        ledger.open(stream, ["video"])

    ledger.decoded("a")
    ledger.written("a", "video")
    ledger.noted("a", "corrupt_packets")
    ledger.noted("a", "corrupt_packets", 2)
    ledger.dropped("b", stage="decode", reason="late", frames=0)

    accounts = ledger.accounts()
    assert list(accounts) == ["a", "b"]
    assert accounts["a"].notes == {"corrupt_packets": 3}
    assert accounts["b"].notes == {}
    assert accounts["b"].decoded == 0
    assert accounts["b"].sinks["video"].written == 0


def test_a_stream_is_opened_once() -> None:
    """Two inputs of one name would share an account and hide each other's loss."""
    ledger = ledger_of("video")

    with pytest.raises(ValueError, match="'cam' has an account already"):
        ledger.open("cam", ["mask"])


def test_a_snapshot_does_not_change() -> None:
    """What was read stays as it was while the run goes on."""
    ledger = ledger_of("video", decoded=1)
    account = ledger.accounts()["cam"]

    ledger.decoded("cam")
    ledger.written("cam", "video")

    assert account.decoded == 1
    assert account.sinks["video"].written == 0


def test_threads_may_count_at_once() -> None:
    """Every stage of every stream tells the same ledger."""
    ledger = ledger_of("video")

    def count() -> None:
        for _ in range(500):
            ledger.decoded("cam")
            ledger.written("cam", "video")

    for counting in [in_background(count) for _ in range(4)]:
        counting.result(PATIENCE_S)

    account = ledger.accounts()["cam"]
    assert account.decoded == account.written == 2000


@settings(max_examples=50, deadline=None)
@given(
    decoded=st.integers(0, 20),
    outcomes=st.lists(
        st.tuples(st.sampled_from(["video", "mask"]), st.booleans(), st.integers(1, 3)),
        max_size=12,
    ),
)
def test_what_is_in_flight_is_what_has_no_outcome(
    decoded: int, outcomes: list[tuple[str, bool, int]]
) -> None:
    """For each sink apart, in whatever order the outcomes come."""
    ledger = ledger_of("video", "mask", decoded=decoded)
    missing = {"video": decoded, "mask": decoded}

    for sink, is_written, frames in outcomes:
        missing[sink] -= frames
        if is_written:
            ledger.written("cam", sink, frames)
        else:
            ledger.dropped("cam", stage="s", reason="r", sink=sink, frames=frames)
    account = ledger.accounts()["cam"]
    ledger.settle(stage="run", reason="over")

    assert account.in_flight == missing
    assert account.is_balanced == (set(missing.values()) == {0})
    assert ledger.accounts()["cam"].is_balanced == (min(missing.values()) >= 0)


def test_files_are_listed_in_the_order_of_their_making() -> None:
    """What a sink has left behind is found in its own account."""
    ledger = ledger_of("video", "mask")

    ledger.made("cam", "video", Path("a.mp4"))
    ledger.made("cam", "video", Path("a-2.mp4"))

    sinks = ledger.accounts()["cam"].sinks
    assert sinks["video"].files == ("a.mp4", "a-2.mp4")
    assert sinks["mask"].files == ()


def test_a_long_list_of_files_is_cut_to_the_last() -> None:
    """A sink that writes for months does not fill the memory with names."""
    ledger = ledger_of("video")

    for number in range(1500):
        ledger.made("cam", "video", Path(f"{number}.mkv"))

    files = ledger.account("cam").sinks["video"].files
    assert (len(files), files[0], files[-1]) == (1000, "500.mkv", "1499.mkv")


def test_an_account_goes_on_when_its_stream_is_built_again() -> None:
    """Sums are kept; a new sink has no part in what was before it, an old one goes."""
    ledger = ledger_of("video", "mask", decoded=3)
    ledger.written("cam", "video", 3)

    ledger.reopen("cam", ["video", "records"])
    ledger.decoded("cam")
    ledger.written("cam", "records")

    account = ledger.account("cam")
    assert account.decoded == 4
    assert account.in_flight == {"video": 1, "records": 0}


def test_one_stream_is_settled_without_the_others() -> None:
    """The others are still running."""
    ledger = Ledger()
    for stream in ("a", "b"):
        ledger.open(stream, ["video"])
        ledger.decoded(stream)

    ledger.settle(stream="a", stage="decode", reason="failed")

    assert ledger.account("a").is_balanced
    assert ledger.account("b").in_flight == {"video": 1}


def test_a_stream_that_was_forgotten_leaves_nothing_behind() -> None:
    """What is told of it afterwards opens no account again."""
    ledger = ledger_of("video", decoded=1)

    ledger.forget("cam")
    ledger.decoded("cam")
    ledger.noted("cam", "late")
    ledger.written("cam", "video")
    ledger.dropped("cam", stage="decode", reason="late")
    ledger.made("cam", "video", Path("o.mkv"))
    ledger.settle(stage="run", reason="over", stream="cam")
    ledger.forget("cam")

    assert ledger.accounts() == {}
    assert ledger.account("cam").decoded == 0
