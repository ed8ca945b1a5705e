"""Which input becomes which outputs: decided and checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.errors import ConfigError
from maskstream.stages.output import (
    MASK_SUFFIXES,
    VIDEO_SUFFIXES,
    check_output,
    check_output_folder,
)
from maskstream.stages.source import Source

__all__ = ["StreamPlan", "plan_streams"]

RECORD_SUFFIXES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One input and where each of its results goes."""

    source: Source
    video: Path | None
    mask: Path | None
    images: Path | None
    """A folder."""
    records: Path | None

    @property
    def stream(self) -> str:
        """The id of the stream."""
        return self.source.name

    @property
    def outputs(self) -> dict[str, Path]:
        """File or folder by the name of its sink."""
        outputs = {
            "video": self.video,
            "mask": self.mask,
            "images": self.images,
            "records": self.records,
        }
        return {sink: path for sink, path in outputs.items() if path is not None}


def plan_streams(config: RunConfig, sources: Sequence[Source]) -> list[StreamPlan]:
    """Give each source its outputs; make the folders that they go to.

    A name without a suffix, or of a folder, is a folder; many inputs need one.

    Raises:
        ConfigError: There is nothing to read or to write, or an output is in the way.
    """
    if not sources:
        raise ConfigError(
            "nothing to read: name a file, a folder, a URL or sample:street"
        )
    wanted = (config.output, config.mask, config.mask_images, config.records)
    if not any(wanted):
        raise ConfigError(
            "nothing to write: give --output, --mask, --mask-images or --records"
        )
    many = len(sources) > 1
    plans = [
        StreamPlan(
            source,
            video=_place(config.output, source, _video_suffix(config, source), many),
            mask=_place(config.mask, source, ".masks.mkv", many),
            images=_place_images(config.mask_images, source, many),
            records=_place(config.records, source, ".jsonl", many),
        )
        for source in sources
    ]
    _check(config, plans)
    return plans


def _place(place: Path | None, source: Source, suffix: str, many: bool) -> Path | None:
    if place is None:
        return None
    if place.is_dir() or not place.suffix:
        return place / f"{source.name}{suffix}"
    if many:
        raise ConfigError(f"{place}: many inputs need a folder to write to, got a file")
    return place


def _place_images(place: Path | None, source: Source, many: bool) -> Path | None:
    return place / source.name if many and place is not None else place


def _video_suffix(config: RunConfig, source: Source) -> str:
    if config.video.mask_track:
        return ".mkv"
    suffix = "" if source.path is None else source.path.suffix.lower()
    return suffix if suffix in VIDEO_SUFFIXES else ".mp4"


def _shared_folders(config: RunConfig, many: bool) -> list[Path]:
    """List the folders that the results of all inputs go to."""
    places = (config.output, config.mask, config.records)
    folders = [p for p in places if p is not None and (p.is_dir() or not p.suffix)]
    if many and config.mask_images is not None:
        folders.append(config.mask_images)
    return folders


def _check(config: RunConfig, plans: Sequence[StreamPlan]) -> None:
    taken = [plan.source.path for plan in plans if plan.source.path is not None]
    read = {path.parent.resolve() for plan in plans for path in plan.source.pictures}
    for folder in _shared_folders(config, len(plans) > 1):
        check_output_folder(folder, overwrite=True)
        folder.mkdir(exist_ok=True)
    video_suffixes = (".mkv",) if config.video.mask_track else VIDEO_SUFFIXES
    for plan in plans:
        kinds = (
            (plan.video, video_suffixes),
            (plan.mask, MASK_SUFFIXES),
            (plan.records, RECORD_SUFFIXES),
        )
        for path, suffixes in kinds:
            if path is not None:
                check_output(
                    path, suffixes=suffixes, overwrite=config.overwrite, taken=taken
                )
                taken.append(path)
        if plan.images is not None:
            if plan.images.resolve() in read:
                raise ConfigError(f"{plan.images} holds the pictures of an input")
            check_output_folder(plan.images, overwrite=config.overwrite)
    if config.summary is not None:
        check_output(
            config.summary,
            suffixes=(".json",),
            overwrite=config.overwrite,
            taken=taken,
        )
