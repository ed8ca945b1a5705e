"""Settings of a stream -> its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from maskstream.models.classes import ClassTable
from maskstream.pipeline.assemble import annotator
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.errors import ConfigError, MaskStreamError
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Stage
from maskstream.pipeline.stream_stages import Branch, StreamStages
from maskstream.server.config.publishing import PublishConfig, sink_names
from maskstream.server.config.recording import Kind
from maskstream.server.config.stream import StreamConfig
from maskstream.server.labelled import LABELS, LabelCounter
from maskstream.server.observed import Observed, WrittenFrames
from maskstream.server.running import LiveSource
from maskstream.server.vitals import Vitals
from maskstream.stages.events.counts import EventCounts
from maskstream.stages.events.detect import EventDetector
from maskstream.stages.events.event import Event
from maskstream.stages.publishing.preview import LivePreview
from maskstream.stages.publishing.publisher import Publisher
from maskstream.stages.recording.archive import Archives

__all__ = ["Assembled", "StreamAssembler"]


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """The stages of a stream, and the first of them."""

    stages: StreamStages
    source: LiveSource


@dataclass(frozen=True, slots=True, eq=False)
class StreamAssembler:
    """What the stages of every stream need."""

    classes: ClassTable
    ledger: Ledger
    clock: Clock
    is_held: bool
    archives: Archives = field(default_factory=Archives)
    tell: Callable[[Event], None] = field(default=lambda _: None)
    """Takes the events of every stream; must not wait."""
    counts: EventCounts = field(default_factory=EventCounts)

    def check(self, config: StreamConfig) -> None:
        """Raise ConfigError, by the key, where settings cannot be had here."""
        with _within("source"):
            config.source.check()
        with _within("overlay"):
            annotator(config.overlay, self.classes, self.clock)
        with _within("privacy"):
            config.privacy.redactor(self.classes, self.ledger)
        if config.recording is not None:
            with _within("recording"):
                config.recording.check()
        for publish in config.publish:
            with _within("publish"):
                publish.check()
        with _within("events"):
            self.detector("", config)

    def detector(self, stream: str, config: StreamConfig) -> EventDetector | None:
        """Make what looks for the events of ``stream``; None where there are none."""
        return config.events.detector(
            stream, self.classes, self.ledger, self.tell, self.counts
        )

    def forget(self, stream: str) -> None:
        """Keep no counts of a stream that has ended."""
        self.archives.forget(stream)
        self.counts.forget(stream)

    def assemble(self, stream: str, config: StreamConfig, vitals: Vitals) -> Assembled:
        """Make the stages of ``stream``.

        Raises:
            MaskStreamError: Its settings cannot be had here.
        """
        decoder = config.source.live_decoder(stream, self.ledger, self.clock, vitals)
        preview = LivePreview(
            stream,
            annotator(config.overlay, self.classes, self.clock),
            clock=self.clock,
        )
        branches = (
            Branch("preview", Observed(preview, vitals.finished)),
            *_Sinks(self, stream, config, vitals).branches(),
        )
        privacy = config.privacy
        if redactor := privacy.redactor(self.classes, self.ledger):
            branches = (Branch("redact", redactor, then=branches),)
        # Held frames that the redaction would drop need not wait for it.
        hides_held = bool(privacy.hide) and privacy.held == "drop"
        stages = StreamStages(
            stream,
            decoder,
            branches,
            self.ledger,
            self.clock,
            is_fresh=True,
            is_held=self.is_held and not hides_held,
            share=config.priority,
        )
        vitals.preview = preview
        return Assembled(stages, decoder)


@contextmanager
def _within(key: str) -> Iterator[None]:
    try:
        yield
    except MaskStreamError as error:
        raise ConfigError(f"{key}: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class _Sinks:
    """The sinks of one stream."""

    assembler: StreamAssembler
    stream: str
    config: StreamConfig
    vitals: Vitals

    def branches(self) -> Iterator[Branch]:
        """Make a branch for each, those of annotated pictures behind one annotator.

        Without any of them one that counts.
        """
        kinds = () if self.config.recording is None else self.config.recording.kinds
        annotated = [self._recorder(kind) for kind in kinds if kind == "video"]
        names = sink_names(self.config.publish)
        for name, publish in zip(names, self.config.publish, strict=True):
            annotated.append(self._publisher(name, publish))
        if detector := self.assembler.detector(self.stream, self.config):
            annotated.append(self._sink("events", detector))
        if not annotated and not kinds:
            yield self._sink(LABELS, LabelCounter(self.stream, self.assembler.ledger))
        if annotated:
            all_ = self.assembler
            painter = annotator(self.config.overlay, all_.classes, all_.clock)
            yield Branch("annotate", painter, then=tuple(annotated))
        for kind in kinds:
            if kind != "video":
                yield self._recorder(kind)

    def _recorder(self, kind: Kind) -> Branch:
        recording, all_ = self.config.recording, self.assembler
        assert recording is not None
        recorder = recording.recorder(
            kind,
            self.stream,
            recording.archive(all_.archives),
            all_.classes,
            all_.ledger,
            clock=all_.clock,
            on_state=partial(self.vitals.sink_is, kind),
        )
        return self._sink(kind, recorder)

    def _publisher(self, name: str, publish: PublishConfig) -> Branch:
        publisher = Publisher(
            publish.target_of(self.stream),
            self.stream,
            self.assembler.ledger,
            name,
            publish.encoding,
            size_hw=publish.size_hw,
            max_fps=publish.max_fps,
            stub_after_s=publish.stub_after,
            deadline_s=publish.timeout,
            on_state=partial(self.vitals.sink_is, name),
            clock=self.assembler.clock,
        )
        return self._sink(name, publisher)

    def _sink(self, name: str, stage: Stage) -> Branch:
        written = WrittenFrames(
            partial(self.vitals.reached, name),
            partial(self.assembler.ledger.num_written, self.stream, name),
        )
        return Branch(name, Observed(stage, written), name)
