"""What parts allow, and which setting is said to help."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Barrier, Event

import pytest

from maskstream.bench.advice import advise
from maskstream.bench.costs import Cost, Spread, cost_of_copies
from maskstream.bench.networks import NetworkCost, Variant
from maskstream.bench.report import Limit

SETTINGS = {"video": {"preset": None}}


def network_cost(
    ms: float, *, precision: str = "bf16", width: int = 512, is_chosen: bool = False
) -> NetworkCost:
    """A variant whose two rounds are a twentieth apart."""
    variant = Variant("openvino", "cpu", precision, 1, (width * 9 // 16, width))
    rounds = [Cost(ms, 2 * ms), Cost(ms * 1.05, 2.1 * ms)]
    return NetworkCost(variant, rounds, is_chosen)


@pytest.mark.parametrize(
    ("cores", "ms", "is_of_cores"), [(2, 9.0, True), (8, 8.0, False)]
)
def test_a_pipeline_is_as_fast_as_its_cores_and_its_longest_part_allow(
    cores: int, ms: float, is_of_cores: bool
) -> None:
    """18 core-ms take 9 ms on two cores; on eight the part of 8 ms alone counts."""
    parts = {
        "decode": Cost(ms=2.0, core_ms=2.0),
        "network": Cost(ms=8.0, core_ms=12.0),
        "encode": Cost(ms=4.0, core_ms=4.0),
    }

    limit = Limit.of(parts, cores)

    assert limit.ms == ms
    assert limit.is_of_cores == is_of_cores
    assert limit.longest == "network"


def test_the_cores_time_is_that_of_copies_at_once() -> None:
    """The first copy is timed alone; the others, one a core, wait for each other."""
    together = Barrier(2, timeout=30)
    is_alone_over = Event()

    def alone() -> Iterator[int]:
        is_alone_over.set()
        yield 0

    def copy() -> Iterator[int]:
        assert is_alone_over.is_set()
        together.wait()
        began_s = time.thread_time()
        while time.thread_time() < began_s + 0.02:
            pass
        yield 0

    cost = cost_of_copies([alone(), copy(), copy()], frames=2)

    assert cost.core_ms >= 0.02 * 1e3 / 2


def test_a_spread_is_the_median_and_what_the_rounds_ranged_over() -> None:
    """One round that was disturbed moves the end, not the median."""
    assert Spread.of([5.0, 4.0, 90.0]) == Spread(5.0, 4.0, 90.0)


def test_a_precision_that_is_cheaper_is_advised() -> None:
    """The masks stay as fine as they are."""
    networks = [
        network_cost(8.0, is_chosen=True),
        network_cost(5.0, precision="int8"),
        network_cost(3.0, width=256),
    ]

    told = advise("network", True, networks, SETTINGS)

    assert "model.precision: int8" in told


def test_a_smaller_picture_is_advised_where_nothing_else_is_cheaper() -> None:
    """What differs by less than the rounds among themselves is not cheaper."""
    networks = [
        network_cost(8.0, is_chosen=True),
        network_cost(7.9, precision="int8"),
        network_cost(3.0, width=256),
    ]

    told = advise("network", True, networks, SETTINGS)

    assert "model.size: 256x144" in told


def test_every_part_of_a_run_has_advice() -> None:
    """Whatever is slow, something is said about it."""
    parts = ("decode", "preprocess", "finish", "annotate", "encode", "mask", "records")
    for part in parts:
        assert advise(part, True, [], SETTINGS)
    assert "nvenc" in advise("encode", True, [], {"video": {"preset": "ultrafast"}})
