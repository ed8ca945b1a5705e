"""The ladder: the network's input shrinks under pressure, and grows again slowly."""

from __future__ import annotations

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.frame import Batch
from maskstream.server.overload import Ladder
from tests.server.frames import frame_at


class Bench:
    """A ladder over a network input of 512x288."""

    def __init__(self, least: float = 0.5) -> None:
        self.clock = ManualClock()
        self.ladder = Ladder(
            lambda _: (288, 512), every=4, least=least, clock=self.clock
        )

    def run(self, seconds: int, held: int) -> None:
        """Go on for a while, with so many frames held for each that is inferred."""
        frame = frame_at(0)
        for _ in range(seconds):
            for _ in range(5):
                self.ladder.observe(Batch((frame,), (288, 512), ((frame,) * held,)))
            self.clock.advance(1)
            self.ladder.tick()

    @property
    def size(self) -> tuple[int, int]:
        """The network's input now."""
        return self.ladder.size(frame_at(0))


def test_holding_is_enough_down_to_every_fourth_frame() -> None:
    """The size stays while three frames are held for each."""
    bench = Bench()

    bench.run(60, held=3)

    assert bench.size == (288, 512)


def test_under_pressure_the_input_shrinks_step_by_step(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """To the least that was allowed, in multiples of the network's stride; logged."""
    bench = Bench()
    sizes = []

    for _ in range(4):
        bench.run(6, held=9)
        sizes.append(bench.size)

    assert sizes == [(224, 384), (160, 288), (160, 288), (160, 288)]
    assert len(caplog.records) == 2


def test_the_input_grows_again_when_there_has_been_time_for_a_while() -> None:
    """Not after a moment, and not where the larger one would be too much again."""
    bench = Bench()
    bench.run(5, held=9)

    bench.run(60, held=2)
    assert bench.size == (224, 384)
    bench.run(5, held=0)
    assert bench.size == (224, 384)
    bench.run(15, held=0)

    assert bench.size == (288, 512)


def test_a_ladder_may_have_one_step_only() -> None:
    """Whoever wants the size to stay says 1."""
    bench = Bench(least=1.0)

    bench.run(60, held=9)

    assert bench.size == (288, 512)
    assert bench.ladder.scale == 1


def test_without_frames_nothing_changes() -> None:
    """Cameras that are away are no pressure and no time to spare."""
    bench = Bench()
    bench.run(5, held=9)

    for _ in range(100):
        bench.clock.advance(1)
        bench.ladder.tick()

    assert bench.size == (224, 384)
