"""The shared stages run, fail and are built again while the streams go on."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Any

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ModelError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.server.network import SharedNetwork
from tests.pipeline.fakes import Recorder
from tests.pipeline.threads import PATIENCE_S
from tests.server.fakes import until

pytestmark = pytest.mark.timeout(60)


@dataclass
class FakeEngine:
    """Does nothing, and knows whether it was closed."""

    is_broken: bool = False
    is_closed: bool = False

    def close(self) -> None:
        """Let go of the device."""
        self.is_closed = True


def network_of(hub: Hub, engines: Iterator[Any], clock: ManualClock) -> SharedNetwork:
    """Open one engine after another; a broken one fails at its second item."""

    def open_engine() -> Any:
        engine = next(engines)
        if isinstance(engine, Exception):
            raise engine
        return engine

    def build(engine: Any) -> Pipeline:
        def stage(inbox: Inbox) -> Outputs:
            for number, item in enumerate(inbox):
                if engine.is_broken and number == 1:
                    raise ModelError("the device is gone")
                yield item

        pipeline = Pipeline()
        pipeline.gather(hub, "segment", stage).back(hub)
        return pipeline

    return SharedNetwork(hub, open_engine, build, clock)


def stream_of(hub: Hub, go_on: Callable[[], bool], sink: Recorder) -> Pipeline:
    """Send numbers through the hub for as long as ``go_on``."""

    def source() -> Outputs:
        for number in itertools.takewhile(lambda _: go_on(), itertools.count()):
            yield number
            Event().wait(0.001)

    pipeline = Pipeline(stream="front")
    pipeline.source("decode", source).through(hub).then("sink", sink)
    return pipeline


def test_an_engine_that_fails_is_replaced_under_running_streams(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Frames come again, only what was inside is lost, and the old engine is closed."""
    lost: dict[str, int] = {}
    hub = Hub(lambda _: "front", on_lost=lost.__setitem__, is_renewable=True)
    engines = [FakeEngine(is_broken=True), FakeEngine()]
    network = network_of(hub, iter(engines), ManualClock())
    sink, stopping = Recorder(), Event()
    stream = stream_of(hub, lambda: not stopping.is_set(), sink)
    stream.start()

    until(lambda: len(sink.received) > 10, network.tick)
    stopping.set()
    assert stream.wait(PATIENCE_S)
    hub.close()
    until(lambda: network.has_ended, network.tick)
    network.close()

    assert network.num_failures == 1
    assert lost == {"front": 1}
    assert sink.received[:3] == [0, 2, 3]
    assert all(engine.is_closed for engine in engines)
    assert "the device is gone" in caplog.text


def test_a_network_that_fails_too_often_is_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The process must end then: what starts it anew also resets the device."""
    hub, clock = Hub(lambda _: "front", is_renewable=True), ManualClock()
    network = network_of(hub, itertools.repeat(ModelError("no device")), clock)

    def tick() -> None:
        clock.advance(0.5)
        network.tick()

    until(lambda: network.failure is not None, tick)
    tick()
    network.close()

    assert network.failure == "no device"
    assert not network.is_up
    assert network.num_failures == 6
    assert caplog.records[-1].levelno == logging.CRITICAL


def test_an_engine_that_came_too_late_is_closed() -> None:
    """The daemon was stopped while the network was being loaded."""
    hub = Hub(lambda _: "front", is_renewable=True)
    engine = FakeEngine()
    network = network_of(hub, iter([engine]), ManualClock())

    network.tick()
    network.close()

    assert engine.is_closed
