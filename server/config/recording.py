"""What can be set of recordings, with the reason for each default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field, model_validator

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.config import Duration, OutputPath, RecordsConfig
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.codecs import check_codec
from maskstream.stages.record_lines import RecordLines
from maskstream.stages.recording.archive import Archive, Archives
from maskstream.stages.recording.files import (
    MaskFiles,
    RecordFiles,
    SegmentFiles,
    VideoFiles,
)
from maskstream.stages.recording.janitor import Retention
from maskstream.stages.recording.names import SegmentNames
from maskstream.stages.recording.recorder import SegmentRecorder

__all__ = ["Kind", "RecordingConfig", "RetentionConfig"]

Kind = Literal["video", "mask", "records"]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RetentionConfig(_Config):
    """How long recordings are kept; the oldest of the folder go first."""

    max_age: Duration | None = Field(
        None, description="Such as 7d; null keeps them as long as there is room."
    )
    max_bytes: ByteSize | None = Field(
        None, description="Of all recordings in the folder, such as 500G."
    )
    max_disk_share: float | None = Field(
        0.8,
        gt=0,
        le=1,
        description="The same as a share of the room that other files leave on the "
        "disk, so that recordings never fill it: a full disk records nothing, which is "
        "worse than to lose the oldest.",
    )


class RecordingConfig(_Config):
    """Where and how a stream is recorded, in files that begin with the clock."""

    folder: OutputPath = Field(
        Path("recordings"),
        description="Shared by streams: one index, one retention. It is made, the "
        "folder that it is in is not: that would hide a disk that is not there.",
    )
    pattern: str = Field(
        "{stream}/%Y-%m-%d/%H-%M-%S",
        description="Names, without suffix, by the start of a file in UTC: an hour of "
        "autumn that comes twice must not give two files one name.",
    )
    length: Duration = Field(
        300.0,
        description="Of a file: few enough for a week to be listed, short enough to "
        "send. It divides the day evenly; files begin at 00:00, 00:05 and so on.",
    )
    video: bool = Field(True, description="Annotated video: what people look for.")
    mask: bool = Field(False, description="Class ids, lossless; they take more room.")
    records: bool = Field(False, description="A line of JSON for each frame.")
    container: Literal["mp4", "mkv"] = Field(
        "mp4", description="Of the video: browsers play it. Both survive a crash."
    )
    codec: Literal["h264", "hevc", "av1", "h264_nvenc", "hevc_nvenc", "av1_nvenc"] = (
        Field("h264", description="Plays everywhere and encodes fastest on a CPU.")
    )
    preset: str | None = Field(
        None, description="The encoder's own; null takes the codec's fast one."
    )
    crf: int | None = Field(
        None, ge=0, le=63, description="Quality; null takes a good one for the codec."
    )
    record: RecordsConfig = RecordsConfig()
    retention: RetentionConfig = RetentionConfig()
    min_free: ByteSize = Field(
        ByteSize(1_000_000_000),
        description="Recording stops before the disk has less room than this, and goes "
        "on with a quarter more: what else is on it must not fail.",
    )

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What is recorded: a sink each."""
        wanted: dict[Kind, bool] = {
            "video": self.video,
            "mask": self.mask,
            "records": self.records,
        }
        return tuple(kind for kind, is_wanted in wanted.items() if is_wanted)

    def check(self) -> None:
        """Raise ConfigError where this machine cannot encode so."""
        if self.folder.exists() and not self.folder.is_dir():
            raise ConfigError(f"{self.folder} is a file, a folder is needed")
        check_codec(self.codec, self._codec_options(), f".{self.container}")

    def archive(self, archives: Archives) -> Archive:
        """Open the archive of the folder; what is kept is what was said last."""
        kept = self.retention
        retention = Retention(kept.max_age, kept.max_bytes, kept.max_disk_share)
        return archives.open(self.folder, retention, self.min_free)

    def recorder(
        self,
        kind: Kind,
        stream: str,
        archive: Archive,
        classes: ClassTable,
        ledger: Ledger,
        *,
        clock: Clock,
        on_state: Callable[[str], None],
    ) -> SegmentRecorder:
        """Make the sink that records one of `kinds`, and is called as that."""
        return SegmentRecorder(
            stream,
            self._files(kind, classes, ledger),
            archive,
            SegmentNames(self.pattern, self.length),
            ledger,
            kind,
            on_state,
            clock,
        )

    def _files(self, kind: Kind, classes: ClassTable, ledger: Ledger) -> SegmentFiles:
        if kind == "mask":
            return MaskFiles(ledger, classes)
        if kind == "records":
            record = self.record
            return RecordFiles(
                ledger,
                RecordLines(classes, record.rle, record.objects, record.min_area),
            )
        return VideoFiles(
            ledger, f".{self.container}", self.codec, self._codec_options()
        )

    def _codec_options(self) -> dict[str, str]:
        given = {"preset": self.preset, "crf": self.crf}
        return {name: str(it) for name, it in given.items() if it is not None}

    @model_validator(mode="after")
    def _check_names(self) -> RecordingConfig:
        SegmentNames(self.pattern, self.length)  # a ConfigError is a ValueError
        if not self.kinds:
            raise ValueError("at least one of video, mask and records must be recorded")
        return self
