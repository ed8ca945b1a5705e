"""The daemon's whole configuration: what all streams share, and each of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from maskstream.pipeline.config import BatchConfig, Duration, ModelConfig
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import (
    check_settings,
    merge_settings,
    read_settings,
    substitute,
)
from maskstream.server.config.environment import read_environment
from maskstream.server.config.events import TellConfig
from maskstream.server.config.http import HttpConfig
from maskstream.server.config.logs import LogConfig
from maskstream.server.config.overload import LadderConfig
from maskstream.server.config.publishing import check_targets
from maskstream.server.config.stream import StreamConfig, check_source, lay_over
from maskstream.stages.credentials import mask_credentials, mask_in_text

__all__ = [
    "ServeConfig",
    "ServeSettings",
    "check_id",
    "load_serve_settings",
    "masked",
    "parse_serve_settings",
]


def check_id(stream: str) -> str:
    """Give the id of a stream back if it can name files and metrics.

    Raises:
        ConfigError: It cannot.
    """
    if re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}", stream):
        return stream
    raise ConfigError(
        "the id of a stream is of letters, digits and . _ - (it names files and "
        f"metrics), got {stream[:80]!r}"
    )


StreamId = Annotated[str, AfterValidator(check_id)]


class ServeConfig(BaseModel):
    """What the daemon runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelConfig = ModelConfig()
    batch: BatchConfig = BatchConfig()
    overload: LadderConfig = LadderConfig()
    http: HttpConfig | None = Field(
        HttpConfig(),
        description="null leaves the daemon without API, page and metrics.",
    )
    log: LogConfig = LogConfig()
    tell: TellConfig = TellConfig()
    stop_deadline: Duration = Field(
        20.0,
        gt=0,
        description="How long streams may take to end in order: a camera that hangs "
        "holds its reader for ten seconds, and systemd kills after 60.",
    )
    hang_after: Duration = Field(
        30.0,
        gt=0,
        description="A stage that takes nothing of what waits for so long hangs, and "
        "the watchdog is fed no more: compiling a network takes a third of it.",
    )
    defaults: StreamConfig = Field(
        StreamConfig(), description="Laid under the settings of every stream."
    )
    streams: Mapping[StreamId, StreamConfig] = Field(
        {}, description="By id, which names files and labels metrics."
    )


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """A checked configuration, and what was given of each stream for itself."""

    config: ServeConfig
    defaults: Mapping[str, Any]
    streams: Mapping[str, Mapping[str, Any]]
    """Without the defaults."""
    variables: tuple[str, ...] = ()
    """Of the environment, that were laid over the file."""


def load_serve_settings(
    path: Path, environment: Mapping[str, str] | None = None
) -> ServeSettings:
    """Read a YAML file; ``${NAME}`` in it stands for an environment variable.

    Variables such as ``MASKSTREAM_HTTP__PORT`` are laid over it.

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be used.
    """
    given = os.environ if environment is None else environment
    settings = substitute(read_settings(path), given, path)
    laid, variables = read_environment(ServeConfig, settings, given)
    origin = f"{path} and {', '.join(variables)}" if variables else str(path)
    parsed = parse_serve_settings(_lay_all_over(settings, laid), origin=origin)
    if settings.get("streams") is None:  # an emptied file must not end every camera
        raise ConfigError(
            f"{path}: streams is missing; write streams: {{}} where all come by HTTP"
        )
    return replace(parsed, variables=tuple(variables))


def parse_serve_settings(
    settings: Mapping[str, Any], *, origin: str = ""
) -> ServeSettings:
    """Check settings; ``origin`` begins the message when they cannot be used.

    Raises:
        ConfigError: Something in them cannot be used.
    """
    defaults, streams = (
        {} if settings.get(key) is None else settings[key]
        for key in ("defaults", "streams")
    )
    # Alone, so that what is wrong in them is not told again of every stream.
    check_settings(ServeConfig, {"defaults": defaults}, origin=origin)
    whole = {**settings, "defaults": defaults, "streams": streams}
    if isinstance(streams, Mapping):
        whole["streams"] = {
            stream: lay_over(defaults, own) if isinstance(own, Mapping) else own
            for stream, own in streams.items()
        }
    config = check_settings(ServeConfig, whole, origin=origin)
    prefix = f"{origin}: " if origin else ""
    for stream, one in config.streams.items():
        check_source(one, f"{prefix}streams.{stream}")
    try:
        check_targets({key: one.publish for key, one in config.streams.items()})
    except ConfigError as error:
        raise ConfigError(f"{prefix}{error}") from None
    return ServeSettings(config, defaults, streams)


def _lay_all_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay settings over others, in which the source of a stream may be a URL alone."""
    laid = merge_settings(below, above)
    if isinstance(below.get("defaults"), Mapping) and "defaults" in above:
        laid["defaults"] = lay_over(below["defaults"], above["defaults"])
    if isinstance(below.get("streams"), Mapping):
        for stream, own in above.get("streams", {}).items():
            if isinstance(under := below["streams"].get(stream), Mapping):
                laid["streams"][stream] = lay_over(under, own)
    return laid


def masked(config: BaseModel) -> dict[str, Any]:
    """Dump settings for showing: no secret is in what comes back."""
    shown: dict[str, Any] = _mask(config.model_dump(mode="json"))
    return shown


def _mask(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mask(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_mask(one) for one in value]
    if isinstance(value, str):
        return mask_in_text(mask_credentials(value))
    return value
