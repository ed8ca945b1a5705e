"""A supervisor for tests: a network that passes everything on, and fake cameras."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.errors import ConfigError, ModelError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.pipeline.stream_stages import Branch, StreamStages
from maskstream.server.assemble import Assembled
from maskstream.server.config.serve import ServeSettings, parse_serve_settings
from maskstream.server.config.stream import StreamConfig
from maskstream.server.members import Members
from maskstream.server.metrics import ServerMetrics
from maskstream.server.network import SharedNetwork
from maskstream.server.overload import Ladder
from maskstream.server.supervisor import Supervisor
from maskstream.server.vitals import Vitals
from tests.pipeline.threads import in_background
from tests.server.fakes import FakeCamera, until
from tests.server.test_network import FakeEngine

__all__ = ["Bench", "settings_of"]

CLASSES = ClassTable(names=("road", "sky"), colours=((128, 64, 128), (70, 130, 180)))


def settings_of(streams: Mapping[str, Any]) -> ServeSettings:
    """Check the settings of some streams."""
    return parse_serve_settings({"streams": streams})


class Bench:
    """A supervisor whose network passes everything on, and cameras for it."""

    def __init__(
        self,
        streams: Mapping[str, Any] | None = None,
        *,
        open_engine: Callable[[], object] = FakeEngine,
        clock: Clock = monotonic_clock,
    ) -> None:
        self.ledger = Ledger()
        self.metrics = ServerMetrics(self.ledger)
        self.cameras: dict[str, FakeCamera] = {}
        self.num_built: Counter[str] = Counter()
        self.is_broken = Event()
        """Set, the network fails at its next frame."""
        hub = Hub(lambda frame: frame.stream, is_renewable=True)

        def build(_: object) -> Pipeline:
            pipeline = Pipeline()
            pipeline.gather(hub, "segment", self._segment).back(hub)
            return pipeline

        self.network = SharedNetwork(hub, open_engine, build, clock)  # type: ignore[arg-type]
        self.members = Members(
            self,  # type: ignore[arg-type]
            hub,
            self.ledger,
            self.metrics,
            stop_deadline_s=10,
        )
        self.supervisor = Supervisor(
            settings_of(streams or {}),
            self.members,
            hub,
            self.network,
            Ladder(lambda _: (64, 64), every=4, least=0.5),
            self.ledger,
            CLASSES,
            clock,
        )

    def _segment(self, inbox: Inbox) -> Outputs:
        for item in inbox:
            if self.is_broken.is_set():
                self.is_broken.clear()
                raise ModelError("the device is gone")
            yield item

    def check(self, config: StreamConfig) -> None:
        """Refuse one colour of the overlay, as the real assembler does with classes."""
        if "unknown" in config.overlay.hide:
            raise ConfigError("no class is called 'unknown'")

    def forget(self, stream: str) -> None:
        """Do nothing: no counts are kept here."""

    def assemble(self, stream: str, _: StreamConfig, vitals: Vitals) -> Assembled:
        """Take the place of the real assembler."""
        vitals.connecting()
        camera = self.cameras[stream] = FakeCamera(self.ledger, stream)
        self.num_built[stream] += 1

        def write(inbox: Inbox) -> Outputs:
            for _ in inbox:
                self.ledger.written(stream, "sink")
                yield

        branch = Branch("sink", write, "sink")
        stages = StreamStages(
            stream, camera, (branch,), self.ledger, monotonic_clock, is_fresh=True
        )
        return Assembled(stages, camera)

    def add(self, stream: str) -> None:
        """Start a stream."""
        self.supervisor.add(stream, {"source": f"rtsp://user:hush@{stream}/"})

    def ask(self, question: Callable[[], object]) -> object:
        """Ask what waits for the supervisor, as a thread of the API does."""
        asking = in_background(question)
        until(asking.done, self.supervisor.tick)
        return asking.result()

    def close(self) -> None:
        """Stop everything."""
        self.supervisor.cancel()
        until(lambda: self.supervisor.has_ended, self.supervisor.tick)
        self.network.close()

    def written(self, stream: str) -> int:
        """Count what has reached the sink of a stream."""
        return self.ledger.account(stream).written

    def until_written(self, stream: str, more: int = 1) -> None:
        """Tick until so many more frames of a stream have reached its sink."""
        goal = self.written(stream) + more
        until(lambda: self.written(stream) >= goal, self.supervisor.tick)
