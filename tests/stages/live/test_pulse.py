"""A call that does not return is told of by who is not in it."""

from __future__ import annotations

from contextlib import suppress

from maskstream.pipeline.clock import ManualClock
from maskstream.stages.live.pulse import Pulse
from maskstream.stages.live.reasons import Reason


def test_a_call_hangs_when_it_is_well_beyond_its_limit() -> None:
    """The limits of FFmpeg itself come first."""
    clock = ManualClock()
    pulse = Pulse()

    told = [pulse.hang(clock)]
    with pulse.call(clock, 5.0, Reason.STALLED):
        for _ in range(3):
            clock.advance(2.5)
            told.append(pulse.hang(clock))
    told.append(pulse.hang(clock))

    assert told == [None, None, None, Reason.STALLED, None]


def test_a_call_that_fails_hangs_no_more() -> None:
    """Its error is told by its own thread."""
    clock = ManualClock()
    pulse = Pulse()

    with suppress(OSError), pulse.call(clock, 5.0, Reason.TIMEOUT):
        clock.advance(10)
        raise OSError

    assert pulse.hang(clock) is None
