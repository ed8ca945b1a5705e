"""What nobody foresaw ends the daemon, and the streams before it in order."""

from __future__ import annotations

import pytest

from tests.server.test_life import Bench


def test_a_defect_drains_and_fails_the_exit(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once with its stack; nothing is left behind that ends by itself."""
    bench = Bench()
    bench.told.defects = [ValueError("oh")]

    assert bench.life.goes_on()
    assert (bench.told.count("drain"), bench.told.count("stopping")) == (1, 1)
    assert bench.life.goes_on()
    bench.told.has_ended = True

    assert not bench.life.goes_on()
    assert (bench.life.exit_code, bench.life.is_stuck) == (1, False)
    assert caplog.text.count("Traceback") == 1


def test_a_defect_that_stays_cancels_and_is_not_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Sinks have some seconds to finish their files; then the process ends."""
    bench = Bench()
    bench.told.defects = [ValueError("oh")] * 9

    assert bench.life.goes_on()
    assert bench.life.goes_on()
    assert bench.life.goes_on()
    assert (bench.told.count("drain"), bench.told.count("cancel")) == (1, 1)
    bench.clock.advance(13)

    assert not bench.life.goes_on()
    assert (bench.life.exit_code, bench.life.is_stuck) == (1, True)
    assert caplog.text.count("Traceback") == 2


def test_a_defect_in_the_end_itself_ends_all_the_same() -> None:
    """Even where draining and cancelling fail."""
    bench = Bench()
    bench.told.defects = [ValueError("oh")] * 9
    bench.told.failing = {"drain", "cancel"}

    assert bench.life.goes_on()
    assert bench.life.goes_on()
    bench.clock.advance(13)

    assert not bench.life.goes_on()
    assert (bench.life.exit_code, bench.life.is_stuck) == (1, True)
