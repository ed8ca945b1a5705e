"""What parts allow, and which setting is said to help."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from threading import Barrier, Event
from typing import Any

import pytest

from maskstream.bench.advice import advise
from maskstream.bench.costs import Cost, Spread, cost_of_copies
from maskstream.bench.networks import NetworkCost, Variant
from maskstream.bench.parts import deal
from maskstream.bench.processes import run_process
from maskstream.bench.report import Limit
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.errors import ConfigError, MaskStreamError


def settings_with(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the settings that a report has, some of them not the defaults."""
    sections = {"overlay", "video", "record"}
    return RunConfig.model_validate(given).model_dump(mode="json", include=sections)


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

    cost = cost_of_copies([alone(), copy(), copy()], frames=[2, 2, 2])

    assert cost.core_ms >= 0.02 * 1e3 / 2


def test_each_copy_counts_its_own_frames() -> None:
    """Shares of what can be had but once differ by a batch, and a batch in its size."""

    def work() -> Iterator[int]:
        began_s = time.thread_time()
        while time.thread_time() < began_s + 0.02:
            pass
        yield 0

    few = cost_of_copies([work(), work(), work()], frames=[1, 1, 1])
    many = cost_of_copies([work(), work(), work()], frames=[1, 3, 97])

    assert few.core_ms >= 20
    assert many.core_ms < few.core_ms / 10


@pytest.mark.parametrize(("num_items", "hands"), [(8, 3), (1, 3), (3, 3)])
def test_no_share_is_empty_and_all_is_dealt(num_items: int, hands: int) -> None:
    """There are never more shares than copies, nor than there is to share."""
    shares = deal(range(num_items), hands)

    assert len(shares) == min(num_items, hands)
    assert all(shares)
    assert sorted(one for share in shares for one in share) == [*range(num_items)]


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

    told = advise("network", True, networks, settings_with({}))

    assert "model.precision: int8" in told


def test_a_smaller_picture_is_advised_where_nothing_else_is_cheaper() -> None:
    """What differs by less than the rounds among themselves is not cheaper."""
    networks = [
        network_cost(8.0, is_chosen=True),
        network_cost(7.9, precision="int8"),
        network_cost(3.0, width=256),
    ]

    told = advise("network", True, networks, settings_with({}))

    assert "model.size: 256x144" in told


@pytest.mark.parametrize(
    ("part", "given", "advice"),
    [
        ("decode", {}, "second, smaller stream"),
        ("preprocess", {}, "second, smaller stream"),
        ("finish", {}, "second, smaller stream"),
        ("annotate", {}, "overlay.legend: false would"),
        (
            "annotate",
            {"overlay": {"contours": True}},
            "legend: false and overlay.contours: false",
        ),
        ("annotate", {"overlay": {"legend": False}}, "no setting"),
        ("encode", {}, "video.codec: h264_nvenc"),
        ("encode", {"video": {"preset": "ultrafast"}}, "video.codec: h264_nvenc"),
        ("encode", {"video": {"preset": "slow"}}, "video.preset: ultrafast"),
        ("encode", {"video": {"codec": "hevc"}}, "video.codec: h264 "),
        ("encode", {"video": {"codec": "h264_nvenc"}}, "no setting"),
        ("mask", {}, "records"),
        ("images", {}, "mask writes the same"),
        ("records", {}, "no setting"),
        ("records", {"record": {"rle": True}}, "record.rle: false would"),
    ],
)
def test_nothing_is_advised_that_is_so_already(
    part: str, given: dict[str, Any], advice: str
) -> None:
    """Each part has its setting, where another value of it would be cheaper."""
    assert advice in advise(part, True, [], settings_with(given))


def test_a_child_that_failed_is_no_wrong_usage() -> None:
    """A bench whose own run fails has failed: exit code 1, not 2."""
    with pytest.raises(MaskStreamError, match="out of luck") as caught:
        run_process([sys.executable, "-c", "raise SystemExit('out of luck')"])

    assert not isinstance(caught.value, ConfigError)
