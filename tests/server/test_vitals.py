"""What is measured of a stream is what was told, over the time that it says."""

from __future__ import annotations

import numpy as np
import pytest

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.ledger import SinkAccount, StreamAccount
from maskstream.server.status import State
from maskstream.server.vitals import Vitals
from tests.server.frames import FORM, frame_at, labelled

CLASSES = ClassTable(names=("road", "sky"), colours=((128, 64, 128), (70, 130, 180)))
NOW = 1_800_000_000.0


def vitals_of(clock: ManualClock) -> Vitals:
    """Measure by one clock, which also tells the time of day."""
    return Vitals(clock=clock, wall_clock=lambda: NOW + clock())


def account(decoded: int, written: int) -> StreamAccount:
    """Make an account of one sink."""
    return StreamAccount(decoded, {"video": SinkAccount(written, {})}, {})


def test_a_source_is_connecting_up_lost_and_back() -> None:
    """The reason stays while it is tried again, and an outage is counted once."""
    clock = ManualClock()
    vitals = vitals_of(clock)

    vitals.connecting()
    vitals.up(FORM)
    assert (vitals.source.state, vitals.source.form) == (State.RUNNING, FORM)
    clock.advance(10)
    vitals.down("eof", "it ended", 2.0)
    clock.advance(0.5)
    assert vitals.retry_in_s == 1.5
    vitals.connecting()
    vitals.down("eof", "it ended", 4.0)
    vitals.down("refused", "nobody listens", 4.0)

    source = vitals.source
    assert (source.state, source.reason, source.message) == (
        State.WAITING,
        "refused",
        "nobody listens",
    )
    assert vitals.lost == {"eof": 1, "refused": 1}
    vitals.up(FORM)
    assert vitals.source.reason is None
    assert vitals.retry_in_s is None


def test_rates_are_the_mean_over_some_seconds() -> None:
    """Of what was decoded and of what every sink has; what is long ago is left out."""
    clock = ManualClock()
    vitals = vitals_of(clock)
    assert vitals.rates() == (0.0, 0.0)

    for second in range(30):
        vitals.sample(account(decoded=25 * second, written=5 * second))
        clock.advance(1)

    assert vitals.rates() == (25.0, 5.0)
    for _ in range(8):
        vitals.sample(account(decoded=725, written=145))
        clock.advance(1)
    assert vitals.rates() == (0.0, 0.0)


def test_a_source_that_hangs_is_away_until_it_does_not() -> None:
    """It cannot say so itself; the outage counts once, also if it is lost then."""
    clock = ManualClock()
    vitals = vitals_of(clock)
    vitals.up(FORM)

    news = [vitals.hangs("stalled", "a call hangs") for _ in range(3)]
    hung = vitals.source
    vitals.down("stalled", "no new frame for 60.0 s", 1.0)
    vitals.hangs(None, "")
    lost = vitals.source
    vitals.up(FORM)

    assert news == [True, False, False]
    assert (hung.state, hung.reason, hung.form) == (State.WAITING, "stalled", FORM)
    assert hung.message == "a call hangs"
    assert lost.message == "no new frame for 60.0 s"
    assert vitals.source.state is State.RUNNING
    assert vitals.lost == {"stalled": 1}


def test_latencies_are_those_of_the_last_minute() -> None:
    """By percentile, from capture to the sink."""
    clock = ManualClock()
    vitals = vitals_of(clock)
    vitals.reached("video", frame_at(-9.0))
    clock.advance(100)

    for hundredth in range(100):
        vitals.reached("video", frame_at(clock() - hundredth / 100))

    assert vitals.latencies() == pytest.approx({"p50": 0.5, "p95": 0.95, "p99": 0.99})


@pytest.mark.parametrize(
    ("captured_at", "latency_s"),
    [
        (None, 0.2),
        (NOW - 0.3, 0.3),  # the camera tells, and is right
        (NOW + 5.0, 0.2),  # its clock is ahead
        (NOW - 3600.0, 0.2),  # its clock is an hour behind
    ],
)
def test_latency_is_from_capture_where_that_can_be_right(
    captured_at: float | None, latency_s: float
) -> None:
    """A camera that does not know the time does not spoil the figures."""
    told: list[tuple[str, float]] = []
    clock = ManualClock()
    vitals = Vitals(
        lambda sink, seconds: told.append((sink, seconds)), clock, lambda: NOW
    )

    vitals.reached("video", frame_at(-0.2, captured_at=captured_at))

    ((sink, seconds),) = told
    assert sink == "video"
    assert seconds == pytest.approx(latency_s)


def test_the_last_frame_tells_the_shares() -> None:
    """And nothing does when the picture has been let go."""
    clock = ManualClock(2.0)
    vitals = vitals_of(clock)
    assert vitals.shares(CLASSES) == {}
    labels = np.array([[0, 0, 0, 1]], np.uint8)

    vitals.finished(labelled(frame_at(0), labels))

    assert vitals.shares(CLASSES) == {"road": 0.75, "sky": 0.25}
    assert vitals.last_frame_at == NOW + 2.0
    vitals.let_go()
    assert vitals.last is None


@pytest.mark.parametrize(
    ("late", "held", "scale", "step"),
    [(0, 0, 1, "none"), (0, 3, 1, "hold"), (0, 3, 0.5, "smaller"), (1, 3, 1, "drop")],
)
def test_the_step_of_the_ladder_is_the_last_that_was_needed(
    late: int, held: int, scale: float, step: str
) -> None:
    """By what was held and dropped of late, and by the network's size."""
    clock = ManualClock()
    vitals = vitals_of(clock)
    vitals.sample(account(decoded=0, written=0))
    clock.advance(1)
    sink = SinkAccount(5, {("collect", "stale"): late, ("decode", "corrupt"): 9})

    vitals.sample(StreamAccount(9, {"video": sink}, {"held_frames": held}))

    assert vitals.overload(scale) == step


@pytest.mark.parametrize(
    ("captured_at", "delay_s"),
    [(None, None), (NOW - 0.3, 0.1), (NOW + 3600, -3600.2), (NOW - 3600, 3599.8)],
)
def test_a_camera_with_a_wrong_clock_is_known_by_its_delay(
    captured_at: float | None, delay_s: float | None
) -> None:
    """From capture, by its clock, until the frame was decoded."""
    vitals = Vitals(clock=ManualClock(), wall_clock=lambda: NOW)

    vitals.finished(labelled(frame_at(-0.2, captured_at=captured_at)))

    expected = None if delay_s is None else pytest.approx(delay_s)
    assert vitals.capture_delay_s == expected
