from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from maskstream.training.interrupts import noted_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted(number: signal.Signals) -> None:
    """And raises nothing."""
    with noted_signals() as is_noted:
        assert not is_noted()

        signal.raise_signal(number)

        assert is_noted()


def test_the_second_signal_stops_at_once() -> None:
    """As it would have done without us, whatever the first was."""
    with noted_signals():
        signal.raise_signal(signal.SIGTERM)

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_the_handlers_of_before_come_back() -> None:
    """Also where there was no signal."""
    before = signal.getsignal(signal.SIGTERM)

    with noted_signals():
        assert signal.getsignal(signal.SIGTERM) is not before

    assert signal.getsignal(signal.SIGTERM) is before


def test_threads_beside_the_main_one_note_nothing() -> None:
    """Python lets them have no handlers."""

    def is_noted_there() -> bool:
        with noted_signals() as is_noted:
            return is_noted()

    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(is_noted_there).result()
