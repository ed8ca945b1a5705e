"""Settings of a stream -> its stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from maskstream.models.classes import ClassTable
from maskstream.pipeline.assemble import annotator
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stream_stages import Branch, StreamStages
from maskstream.server.config.serve import StreamConfig
from maskstream.stages.decode import Decoder
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.records import Records
from maskstream.stages.source import expand_inputs

__all__ = ["StreamAssembler"]


@dataclass(frozen=True, slots=True, eq=False)
class StreamAssembler:
    """What the stages of every stream need."""

    classes: ClassTable
    ledger: Ledger
    clock: Clock
    is_held: bool

    def assemble(self, stream: str, config: StreamConfig) -> StreamStages:
        """Make the stages of ``stream``.

        Raises:
            MaskStreamError: Its settings cannot be had here.
        """
        (source,) = expand_inputs([config.source])
        return StreamStages(
            stream,
            Decoder(replace(source, name=stream), stream, self.ledger, self.clock),
            tuple(self._branches(stream, config)),
            self.ledger,
            self.clock,
            is_fresh=True,
            is_held=self.is_held,
            share=config.priority,
        )

    def _branches(self, stream: str, config: StreamConfig) -> Iterator[Branch]:
        if config.output is not None:
            config.output.mkdir(parents=True, exist_ok=True)
            encoder = VideoEncoder(
                config.output / f"{stream}.mkv",
                self.ledger,
                codec=config.video.codec,
                options=config.video.options,
            )
            painter = annotator(config.overlay, self.classes, self.clock)
            encode = Branch("encode", encoder, "video")
            yield Branch("annotate", painter, then=(encode,))
        if config.records is not None:
            config.records.mkdir(parents=True, exist_ok=True)
            path = config.records / f"{stream}.jsonl"
            yield Branch("records", Records(path, self.classes, self.ledger), "records")
