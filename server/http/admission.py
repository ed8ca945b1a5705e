"""Which settings of a stream may be given over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from maskstream.pipeline.errors import ConfigError
from maskstream.server.http.source_policy import SourcePolicy

__all__ = ["ADMITTED", "admit_settings"]

ADMITTED = frozenset(
    {
        *("source.url", "source.profile", "source.options", "source.max_fps"),
        *("source.stall", "source.connect_timeout"),
        *("source.reconnect.initial", "source.reconnect.max"),
        "source.reconnect.jitter",
        "priority",
        *("overlay.alpha", "overlay.hide", "overlay.contours", "overlay.legend"),
        "overlay.status",
    }
)
"""What may come this way; all else may not, and nothing does by itself when it is new.

What is written, sent and shown to whom is for the configuration file to say.
"""

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
    admitted = dict(settings)
    source = settings.get("source")
    if isinstance(source, str):
        admitted["source"] = source = {"url": source}
    if "source" in settings and not isinstance(source, Mapping):
        raise ConfigError("source: a URL is needed, or a mapping with one")
    _refuse_others(admitted)
    if isinstance(source, Mapping):
        admitted["source"] = _admit_source(source, policy)
    return admitted


def _admit_source(source: Mapping[str, Any], policy: SourcePolicy) -> dict[str, Any]:
    options = source.get("options", {})
    if not isinstance(options, Mapping):
        raise ConfigError("source.options: a mapping of FFmpeg's options is needed")
    for name, value in options.items():
        if name not in _OPTIONS:
            raise _refusal(f"source.options.{name}", _OPTIONS)
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


def _refuse_others(settings: Mapping[str, Any], prefix: str = "") -> None:
    for name, value in settings.items():
        path = f"{prefix}{name}"
        is_group = any(one.startswith(f"{path}.") for one in ADMITTED)
        if "." in name or not (is_group or path in ADMITTED):
            raise _refusal(path, _beside(prefix))
        if is_group and isinstance(value, Mapping):
            _refuse_others(value, f"{path}.")
        # What else stands for a group is for the settings to refuse.


def _beside(prefix: str) -> list[str]:
    depth = prefix.count(".") + 1
    inside = (one for one in ADMITTED if one.startswith(prefix))
    return sorted({".".join(one.split(".")[:depth]) for one in inside})


def _refusal(path: str, known: Iterable[str]) -> ConfigError:
    return ConfigError(
        f"{path[:64]} cannot be set over HTTP, where there is {', '.join(known)}; the "
        "configuration file may set all"
    )
