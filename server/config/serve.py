"""The daemon's whole configuration: what all streams share, and each of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from maskstream.pipeline.config import (
    BatchConfig,
    Duration,
    ModelConfig,
    OutputPath,
    OverlayConfig,
    OverloadConfig,
    RecordsConfig,
    VideoConfig,
)
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import (
    check_settings,
    merge_settings,
    read_settings,
    substitute,
)

__all__ = ["ServeConfig", "StreamConfig", "load_serve_config", "stream_config"]


def _check_id(value: str) -> str:
    if re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}", value):
        return value
    raise ValueError(
        "the id of a stream is of letters, digits and . _ - (it names files and "
        f"metrics), got {value!r}"
    )


StreamId = Annotated[str, AfterValidator(_check_id)]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamConfig(_Config):
    """One stream: its source and what becomes of its frames."""

    source: str = Field("", description="A camera's URL; each stream needs one.")
    priority: int = Field(
        1,
        ge=1,
        le=100,
        description="Turns in a row before the network while others wait: nobody goes "
        "first unless told.",
    )
    output: OutputPath | None = Field(None, description="Folder of annotated video.")
    records: OutputPath | None = Field(None, description="Folder of JSONL.")
    overlay: OverlayConfig = OverlayConfig()
    video: VideoConfig = VideoConfig()
    record: RecordsConfig = RecordsConfig()


class ServeConfig(_Config):
    """What the daemon runs."""

    model: ModelConfig = ModelConfig()
    batch: BatchConfig = BatchConfig()
    overload: OverloadConfig = OverloadConfig()
    stop_deadline: Duration = Field(
        10.0,
        description="How long streams may take to end in order: files are finished "
        "well within, and systemd kills after 90 s.",
    )
    defaults: StreamConfig = Field(
        StreamConfig(), description="Laid under the settings of every stream."
    )
    streams: dict[StreamId, StreamConfig] = Field(
        {}, description="By id, which names files and labels metrics."
    )


def load_serve_config(
    path: Path, environment: Mapping[str, str] | None = None
) -> ServeConfig:
    """Read a YAML file; ``${NAME}`` in it stands for an environment variable.

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be used.
    """
    given = os.environ if environment is None else environment
    settings = substitute(read_settings(path), given, path)
    # Alone, so that what is wrong in them is not told again of every stream.
    defaults = settings.get("defaults") or {}
    check_settings(ServeConfig, {"defaults": defaults}, origin=str(path))
    streams = settings.get("streams") or {}
    if isinstance(streams, dict):
        settings["streams"] = {
            stream: merge_settings(defaults, own) if isinstance(own, dict) else own
            for stream, own in streams.items()
        }
    config = check_settings(ServeConfig, settings, origin=str(path))
    for stream, one in config.streams.items():
        _check_source(one, f"{path}: streams.{stream}")
    return config


def stream_config(settings: Mapping[str, Any], *, origin: str) -> StreamConfig:
    """Check the settings of one stream, the defaults laid under them.

    Raises:
        ConfigError: Something in them cannot be used.
    """
    config = check_settings(StreamConfig, settings, origin=origin)
    _check_source(config, origin)
    return config


def _check_source(config: StreamConfig, origin: str) -> None:
    if not config.source:
        raise ConfigError(f"{origin}: source is missing; give the URL of a camera")
