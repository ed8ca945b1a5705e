"""What can be set of publishing, with the reason for each default."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from maskstream.pipeline.config import Duration, OutputPath, SizeHW
from maskstream.pipeline.errors import ConfigError
from maskstream.stages.codecs import check_codec
from maskstream.stages.publishing.encoder import Encoding
from maskstream.stages.publishing.target import Target

__all__ = ["PublishConfig", "check_targets", "sink_names"]

_UNITS = {"": 1, "k": 1_000, "M": 1_000_000}


def _parse_bitrate(value: Any) -> Any:
    """Turn "4M" or "800k" into bits a second; numbers are bits a second."""
    if not isinstance(value, str):
        return value
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)([kM]?)", value):
        number, unit = match.groups()
        return round(float(number) * _UNITS[unit])
    raise ValueError(f"a bit rate such as 4M or 800k is needed, got {value!r}")


Bitrate = Annotated[int, BeforeValidator(_parse_bitrate), Field(ge=10_000)]


class PublishConfig(BaseModel):
    """One server, or folder, that a stream's annotated pictures go to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(
        None,
        description="rtsp[s]://, rtmp[s]://, and MPEG-TS over udp:// or tcp://; this "
        "or `folder`. {stream} in it stands for the id of the stream.",
    )
    folder: OutputPath | None = Field(
        None,
        description="For HLS: index.m3u8 and its segments, for a web server to serve. "
        "{stream} in it stands for the id of the stream.",
    )
    name: str | None = Field(
        None,
        pattern=r"^[\w-]+$",
        description="Of the sink in metrics and states; null takes the protocol's.",
    )
    transport: Literal["tcp", "udp"] = Field(
        "tcp", description="Of the pictures, for RTSP; udp loses some without a word."
    )
    codec: Literal["h264", "h264_nvenc"] = Field(
        "h264", description="Every viewer plays it; x264 needs no particular machine."
    )
    preset: str | None = Field(
        None,
        description="The encoder's own; null takes its fastest: the network wants the "
        "processor more.",
    )
    crf: int = Field(
        23, ge=0, le=51, description="The quality while the bit rate allows it."
    )
    max_bitrate: Bitrate = Field(
        4_000_000, description="Of any second: what a good Wi-Fi carries for sure."
    )
    max_fps: float | None = Field(
        None, gt=0, description="More are dropped; null sends every frame."
    )
    size: SizeHW = Field(
        None,
        description="As WIDTHxHEIGHT. auto takes the camera's when a connection "
        "begins; with a size viewers are served before the camera was ever there.",
    )
    stub_after: Duration | None = Field(
        1.0,
        description="Without a frame for as long, viewers get a picture that says so, "
        "which keeps them connected; null leaves them without.",
    )
    timeout: Duration = Field(
        5.0,
        gt=0,
        description="How long the server may keep one step waiting; it must be less "
        "than the time that a shutdown may take.",
    )
    options: Mapping[str, str] = Field(
        {}, description="FFmpeg's own options of the muxer, over those chosen here."
    )

    @property
    def target(self) -> Target:
        """Where to publish."""
        url = self.url if self.folder is None else str(self.folder)
        assert url is not None
        return Target(url, self.transport, dict(self.options))

    def target_of(self, stream: str) -> Target:
        """Where to publish a stream, whose id stands for ``{stream}``."""
        target = self.target
        return replace(target, url=target.url.replace("{stream}", stream))

    @property
    def encoding(self) -> Encoding:
        """How to encode."""
        return Encoding(self.codec, self.preset, self.crf, self.max_bitrate)

    @property
    def size_hw(self) -> tuple[int, int] | None:
        """Height and width in even numbers, as the encoder needs them."""
        if self.size is None:
            return None
        height, width = self.size
        return height // 2 * 2, width // 2 * 2

    def check(self) -> None:
        """Raise ConfigError where this machine cannot encode so."""
        check_codec(self.codec, {} if self.preset is None else {"preset": self.preset})

    @model_validator(mode="after")
    def _check_target(self) -> PublishConfig:
        if (self.url is None) == (self.folder is None):
            raise ValueError("url or folder is needed, and not both")
        if self.url is not None and "://" not in self.url:
            raise ValueError("url must begin with rtsp:// or the like, or be a folder")
        self.target  # noqa: B018 - raises ConfigError where it is of no use
        return self


def check_targets(publishing: Mapping[str, Sequence[PublishConfig]]) -> None:
    """See that no two of what streams publish, by their ids, go to one place.

    Raises:
        ConfigError: They do.
    """
    owners: dict[str, str] = {}
    for stream, configs in publishing.items():
        for target in (config.target_of(stream) for config in configs):
            is_folder = target.format == "hls"
            place = os.path.realpath(target.url) if is_folder else target.url
            place = place.rstrip("/")
            if place in owners:
                raise ConfigError(
                    f"streams {owners[place]} and {stream} both publish to {target}; "
                    "give each a place of its own, as by {stream} in it"
                )
            owners[place] = stream


def sink_names(configs: Sequence[PublishConfig]) -> tuple[str, ...]:
    """Name the sinks of one stream: ``rtsp``, ``hls``, ``rtsp-2`` for a second one."""
    names = []
    seen = Counter[str]()
    for config in configs:
        name = config.name or config.target.kind
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(names)
