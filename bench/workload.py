"""What all measurements share: the clip, the network, the settings of a run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from maskstream.bench.clips import copy_pictures
from maskstream.models.card import ModelCard
from maskstream.models.engines import Engine
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.assemble import Assembler
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.frame import Frame
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.pipeline.plan import StreamPlan, plan_streams
from maskstream.pipeline.stream_stages import StreamStages
from maskstream.stages.source import Source, expand_inputs

__all__ = ["Workload"]


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """A clip, and a network that is ready for it."""

    config: RunConfig
    source: Source
    """The clip as it was given."""
    engine: Engine
    network: WeightsFile
    folder: Path
    """For what is written meanwhile."""
    num_frames: int
    """Of the clip, from its beginning."""
    _copies: dict[int, Path] = field(default_factory=dict)

    @property
    def card(self) -> ModelCard:
        """What is known of the network."""
        return self.network.card

    @property
    def clip_name(self) -> str:
        """The name of the file, without its folder."""
        assert self.source.path is not None
        return self.source.path.name

    def clip(self, times: int = 1) -> Source:
        """Give the measured part of the clip, repeated, in a file of its own."""
        if times not in self._copies:
            self._copies[times] = copy_pictures(
                self.source, self.folder, limit=self.num_frames, times=times
            )
        (source,) = expand_inputs([str(self._copies[times])])
        return source

    def assemble(self, times: int = 1) -> tuple[Assembler, StreamPlan]:
        """Make what a run is made of, with an account of its own.

        Results go where the settings say in kind, and to ``folder`` in place.
        """
        into = Path(tempfile.mkdtemp(dir=self.folder))
        given = self.config
        is_alone = not (given.mask or given.mask_images or given.records)
        places = {
            "output": into / "out" if given.output or is_alone else None,
            "mask": into / "out.masks.mkv" if given.mask else None,
            "mask_images": into / "images" if given.mask_images else None,
            "records": into / "out.jsonl" if given.records else None,
        }
        config = given.model_copy(
            update={**places, "summary": None, "start": None, "duration": None}
        )
        (plan,) = plan_streams(config, [self.clip(times)])
        ledger = Ledger()
        assembler = Assembler(
            config,
            self.engine,
            self.card.classes,
            ledger,
            Metrics(ledger),
            monotonic_clock,
            frozenset(plan.outputs.values()),
        )
        return assembler, plan

    def stream(self) -> StreamStages:
        """Make the stages of the stream, with an account of their own."""
        assembler, plan = self.assemble()
        stages = assembler.stream(plan)
        assembler.ledger.open(stages.stream, stages.sinks)
        return stages


def frames_of(stages: StreamStages) -> Iterator[Frame]:
    """Decode, and close what was opened however far one got."""
    outputs = stages.source()
    with closing(outputs):
        yield from outputs
