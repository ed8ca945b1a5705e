"""Streams side by side: each comes, goes and fails alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.pipeline.stream_stages import Branch, StreamStages
from maskstream.server.control import StreamExistsError, UnknownStreamError
from maskstream.server.network import SharedNetwork
from maskstream.server.status import State
from maskstream.server.supervisor import Supervisor
from tests.pipeline.fakes import pass_on
from tests.pipeline.threads import PATIENCE_S
from tests.server.fakes import FakeCamera, until
from tests.server.test_network import FakeEngine

pytestmark = pytest.mark.timeout(60)


class Bench:
    """A supervisor whose network passes everything on, and cameras for it."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.cameras: dict[str, FakeCamera] = {}
        hub = Hub(lambda frame: frame.stream, is_renewable=True)

        def build(_: object) -> Pipeline:
            pipeline = Pipeline()
            pipeline.gather(hub, "segment", pass_on).back(hub)
            return pipeline

        self.network = SharedNetwork(hub, FakeEngine, build)  # type: ignore[arg-type]
        self.supervisor = Supervisor(
            hub, self.network, self.ledger, Metrics(self.ledger), stop_deadline_s=10
        )

    def add(self, stream: str) -> FakeCamera:
        """Start a stream."""
        camera = self.cameras[stream] = FakeCamera(self.ledger, stream)

        def write(inbox: Inbox) -> Outputs:
            for _ in inbox:
                self.ledger.written(stream, "sink")
                yield

        def assemble() -> StreamStages:
            branch = Branch("sink", write, "sink")
            return StreamStages(
                stream, camera, (branch,), self.ledger, monotonic_clock, is_fresh=True
            )

        self.supervisor.add(stream, assemble)
        return camera

    def written(self, stream: str) -> int:
        """Count what has reached the sink of a stream."""
        return self.ledger.account(stream).written

    def until_written(self, stream: str, more: int = 1) -> None:
        """Tick until so many more frames of a stream have reached its sink."""
        goal = self.written(stream) + more
        until(lambda: self.written(stream) >= goal, self.supervisor.tick)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A supervisor that is stopped at the end."""
    bench = Bench()
    yield bench
    bench.supervisor.cancel()
    until(lambda: bench.supervisor.has_ended, bench.supervisor.tick)
    bench.network.close()


def test_streams_run_side_by_side_and_end_in_order(bench: Bench) -> None:
    """Drained, every frame of each has its outcome, and the network ends after them."""
    for stream in ("front", "back"):
        bench.add(stream)
    for stream in ("front", "back"):
        bench.until_written(stream)

    bench.supervisor.drain()
    until(lambda: bench.supervisor.has_ended, bench.supervisor.tick)

    assert bench.network.has_ended
    assert bench.supervisor.num_unbalanced == 0
    assert bench.ledger.accounts() == {}


def test_one_stream_pauses_and_the_other_does_not_notice(bench: Bench) -> None:
    """Paused, it lets go of its camera; the other goes on."""
    for stream in ("front", "back"):
        bench.add(stream)
        bench.until_written(stream)
    front = bench.supervisor.stream("front")

    front.pause()
    until(lambda: front.phase.state is State.PAUSED, bench.supervisor.tick)
    bench.until_written("back", more=5)
    before = bench.written("front")
    bench.until_written("back", more=5)
    assert bench.written("front") == before
    front.resume()

    bench.until_written("front")


def test_an_id_is_taken_once_and_free_again_when_its_stream_has_gone(
    bench: Bench,
) -> None:
    """Nothing of the stream before is left behind."""
    bench.add("front")
    bench.until_written("front")
    with pytest.raises(StreamExistsError, match="there is a stream 'front' already"):
        bench.add("front")

    front = bench.supervisor.stream("front")
    front.end()
    until(lambda: front.has_ended, bench.supervisor.tick)
    with pytest.raises(UnknownStreamError, match="no stream 'front'"):
        bench.supervisor.stream("front")

    bench.add("front")
    bench.until_written("front")
    assert bench.cameras["front"].has_sent.wait(PATIENCE_S)
