"""What can be set of one stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from maskstream.pipeline.config import OverlayConfig
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import check_settings, merge_settings
from maskstream.server.config.events import EventsConfig
from maskstream.server.config.privacy import PrivacyConfig
from maskstream.server.config.publishing import PublishConfig
from maskstream.server.config.recording import RecordingConfig
from maskstream.server.config.source import SourceConfig

__all__ = ["StreamConfig", "check_source", "lay_over", "parse_stream"]


class StreamConfig(BaseModel):
    """One stream: its source and what becomes of its frames."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: SourceConfig = SourceConfig()
    priority: int = Field(
        1,
        ge=1,
        le=100,
        description="Turns in a row before the network while others wait: nobody goes "
        "first unless told.",
    )
    overlay: OverlayConfig = OverlayConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    recording: RecordingConfig | None = Field(
        None, description="null records nothing: a disk fills where nobody asked."
    )
    publish: tuple[PublishConfig, ...] = Field(
        (), description="Each server or folder is a sink of its own."
    )
    events: EventsConfig = EventsConfig()


def lay_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay settings of a stream over others, in which a source may be a URL alone."""
    return merge_settings(_spelt_out(below), _spelt_out(above))


def parse_stream(settings: Mapping[str, Any], *, origin: str) -> StreamConfig:
    """Check the settings of one stream, the defaults laid under them.

    Raises:
        ConfigError: Something in them cannot be used.
    """
    config = check_settings(StreamConfig, settings, origin=origin)
    check_source(config, origin)
    return config


def check_source(config: StreamConfig, origin: str) -> None:
    """Raise ConfigError where a stream has no source."""
    if not config.source.url:
        raise ConfigError(f"{origin}: source is missing; give the URL of a camera")


def _spelt_out(settings: Mapping[str, Any]) -> dict[str, Any]:
    spelt = dict(settings)
    if isinstance(spelt.get("source"), str):
        spelt["source"] = {"url": spelt["source"]}
    return spelt
