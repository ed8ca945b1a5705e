"""Which settings of a stream may be given over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from maskstream.pipeline.errors import ConfigError
from maskstream.server.http.source_policy import SourcePolicy

__all__ = ["admit_settings"]

_SETTINGS = ("source", "priority", "overlay")
"""What is written, sent and shown to whom is for the configuration file to say."""

_SOURCE = (
    *("url", "profile", "options", "reconnect", "stall", "connect_timeout"),
    "max_fps",
)
_OPTIONS = (
    *("allowed_media_types", "analyzeduration", "buffer_size", "fflags", "flags"),
    *("max_delay", "max_reload", "probesize", "reconnect", "reconnect_delay_max"),
    *("reconnect_streamed", "reorder_queue_size", "rtsp_transport", "rw_timeout"),
    *("timeout", "use_wallclock_as_timestamps"),
)
"""FFmpeg's that change how a camera is read, and neither what nor from where."""
_VALUE = re.compile(r"[a-z0-9_+.-]{1,64}")


def admit_settings(settings: Mapping[str, Any], policy: SourcePolicy) -> dict[str, Any]:
    """Check settings that came over HTTP; gives those that the stream is to have.

    They are to be laid over what the stream has: a URL brings every option with it that
    FFmpeg is kept to it by.

    Raises:
        ConfigError: One of them may not come this way.
    """
    _refuse_others(settings, _SETTINGS, "")
    admitted = dict(settings)
    if "source" in settings:
        source = settings["source"]
        if isinstance(source, str):
            source = {"url": source}
        if not isinstance(source, Mapping):
            raise ConfigError("source: a URL is needed, or a mapping with one")
        admitted["source"] = _admit_source(source, policy)
    return admitted


def _admit_source(source: Mapping[str, Any], policy: SourcePolicy) -> dict[str, Any]:
    _refuse_others(source, _SOURCE, "source.")
    options = source.get("options", {})
    if not isinstance(options, Mapping):
        raise ConfigError("source.options: a mapping of FFmpeg's options is needed")
    _refuse_others(options, _OPTIONS, "source.options.")
    for name, value in options.items():
        if not _VALUE.fullmatch(str(value)):
            raise ConfigError(f"source.options.{name}: a number or a word is needed")
    if "url" not in source:
        if options:
            raise ConfigError("source.options: give the url beside them")
        return dict(source)
    url = source["url"]
    if not isinstance(url, str):
        raise ConfigError("source.url: a URL is needed")
    return {**source, "options": {**options, **policy.admit(url)}}


def _refuse_others(
    settings: Mapping[str, Any], known: tuple[str, ...], prefix: str
) -> None:
    for name in settings:
        if name not in known:
            raise ConfigError(
                f"{prefix}{str(name)[:64]} cannot be set over HTTP, where there is "
                f"{', '.join(known)}; the configuration file may set all"
            )
