"""From start to exit: who is told what, and when it is over."""

from __future__ import annotations

from typing import Any

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.server.life import Life
from maskstream.server.signals import Signals


class Told:
    """Stands for everybody whom the life deals with, and notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failure: str | None = None
        self.has_ended = False
        self.is_loading = False
        self.num_unbalanced = 0
        self.is_held_up = False
        self.not_alive: str | None = None
        self.not_ready: str | None = None
        self.num_lost = 0
        self.defects: list[Exception] = []
        """What ticks raise."""
        self.failing: set[str] = set()
        """Calls that fail."""

    def __getattr__(self, name: str) -> Any:
        def call(*_: object) -> None:
            self.calls.append(name)
            if name in self.failing:
                raise ValueError(name)
            if name == "tick" and self.defects:
                raise self.defects.pop()

        return call

    def why_not_alive(self) -> str | None:
        """Say what hangs."""
        return self.not_alive

    def why_not_ready(self) -> str | None:
        """Say what is loading."""
        return self.not_ready

    def abandon(self) -> int:
        """Count what is lost."""
        self.calls.append("abandon")
        return self.num_lost

    def count(self, name: str) -> int:
        """Count calls."""
        return self.calls.count(name)


class Bench:
    """A life in the hand of a test."""

    def __init__(self) -> None:
        self.told, self.signals, self.clock = Told(), Signals(), ManualClock()
        told: Any = self.told
        self.life = Life(told, told, told, self.signals, 10.0, self.clock)


def test_ready_is_told_once_the_network_runs() -> None:
    """Not before, and not again."""
    bench = Bench()
    bench.told.not_ready = "the network is being loaded"

    assert bench.life.goes_on()
    assert bench.told.count("ready") == 0
    bench.told.not_ready = None
    assert bench.life.goes_on()
    assert bench.life.goes_on()

    assert bench.told.count("ready") == 1


def test_the_watchdog_is_fed_only_while_nothing_hangs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What hangs is said once, loudly; feeding goes on when it is over."""
    bench = Bench()
    bench.told.not_alive = "front: encode has taken nothing for 31 s"

    assert bench.life.goes_on()
    assert bench.life.goes_on()
    assert bench.told.count("feed") == 0
    assert caplog.text.count("has taken nothing") == 1
    bench.told.not_alive = None
    assert bench.life.goes_on()

    assert bench.told.count("feed") == 1


def test_a_first_signal_drains_and_a_second_cancels() -> None:
    """And when all has ended the exit code is that of the ledger."""
    bench = Bench()
    bench.signals.num_stops = 1

    assert bench.life.goes_on()
    assert bench.life.goes_on()
    assert (bench.told.count("drain"), bench.told.count("stopping")) == (1, 1)
    bench.signals.num_stops = 2
    assert bench.life.goes_on()
    assert bench.told.count("cancel") == 1
    bench.told.has_ended = True

    assert not bench.life.goes_on()
    assert (bench.life.exit_code, bench.life.is_stuck) == (0, False)


def test_a_network_that_is_being_loaded_holds_no_stop() -> None:
    """The thread that loads cannot be told to; nobody waits for it."""
    bench = Bench()
    bench.signals.num_stops = 1
    bench.told.has_ended = bench.told.is_loading = True

    assert not bench.life.goes_on()

    assert (bench.life.exit_code, bench.life.is_stuck) == (0, True)


def test_frames_without_an_outcome_fail_the_exit() -> None:
    """Whatever else went well."""
    bench = Bench()
    bench.told.has_ended, bench.told.num_unbalanced = True, 3

    assert not bench.life.goes_on()

    assert bench.life.exit_code == 1


@pytest.mark.parametrize(("num_lost", "code"), [(0, 0), (4, 1)])
def test_what_does_not_end_is_left_behind(num_lost: int, code: int) -> None:
    """A reader that is stuck costs no frame; a sink that is stuck does."""
    bench = Bench()
    bench.told.num_lost = num_lost
    bench.signals.num_stops = 1
    assert bench.life.goes_on()

    bench.clock.advance(21)
    assert bench.life.goes_on()
    bench.clock.advance(2)

    assert not bench.life.goes_on()
    assert (bench.life.exit_code, bench.life.is_stuck) == (code, True)


def test_streams_whose_sources_hang_are_not_waited_for() -> None:
    """When nothing else is left; no deadline would end them."""
    bench = Bench()
    bench.signals.num_stops = 1
    assert bench.life.goes_on()
    assert bench.life.goes_on()
    bench.told.is_held_up = True

    assert not bench.life.goes_on()
    assert bench.told.count("abandon") == 1
    assert (bench.life.exit_code, bench.life.is_stuck) == (0, True)


def test_a_network_that_was_given_up_ends_the_daemon() -> None:
    """Systemd starts it anew, and with it the device."""
    bench = Bench()
    bench.told.failure = "the device is gone"

    assert not bench.life.goes_on()

    assert bench.life.exit_code == 1


def test_a_reload_is_done_once_for_each_request() -> None:
    """Between requests the file is looked at, and not any more while stopping."""
    bench = Bench()
    bench.signals.num_reloads = 1

    assert bench.life.goes_on()
    assert bench.told.count("reload") == 1
    assert bench.life.goes_on()
    assert bench.told.count("reload") == 1
    bench.signals.num_stops = 1
    bench.signals.num_reloads = 2
    assert bench.life.goes_on()

    assert bench.told.count("reload") == 1
