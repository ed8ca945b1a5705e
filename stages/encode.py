"""Annotated video: new pictures encoded, everything beside them copied."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from maskstream.models.classes import ClassTable
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.annotated_file import AnnotatedFile
from maskstream.stages.mux import open_container
from maskstream.stages.parts import write_parts
from maskstream.stages.passthrough import Passthrough

__all__ = ["VideoEncoder"]


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """Encodes the pictures with the pts, rotation, shape and colour tags that they had.

    Tracks beside the pictures are copied packet by packet.
    """

    path: Path
    """Where to; the suffix names the container."""
    ledger: Ledger
    side_packets: Passthrough | None = None
    """What travels beside the pictures; None leaves it out."""
    codec: str = "h264"
    """A key of `maskstream.stages.codecs.CODECS`."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The encoder's own, over those of the codec."""
    threads: int = 0
    """Of the encoder; 0 lets it choose."""
    classes: ClassTable | None = None
    """Of the class ids, which then are a second track; for Matroska only."""
    reserved: Collection[Path] = ()
    """Names of other outputs."""
    sink: str = "video"

    def __call__(self, inbox: Inbox) -> Outputs:
        """Write the frame of every segmentation that ``inbox`` gives."""
        try:
            yield from write_parts(
                inbox, self.path, self._open, self.ledger, self.sink, self.reserved
            )
        finally:
            if self.side_packets is not None:
                self.side_packets.cancel()

    @contextmanager
    def _open(self, path: Path, first: Segmentation) -> Iterator[AnnotatedFile]:
        with open_container(path, first.frame) as container:
            yield AnnotatedFile(
                container,
                first.frame,
                ledger=self.ledger,
                sink=self.sink,
                codec=self.codec,
                options=self.options,
                threads=self.threads,
                classes=self.classes,
                side_packets=self.side_packets,
            )
