"""Which settings of a stream may be given over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskstream.pipeline.errors import ConfigError
from maskstream.server.http.source_policy import SourcePolicy

__all__ = ["admit_settings"]

_SETTINGS = ("source", "priority", "overlay")
"""What is written, sent and shown to whom is for the configuration file to say."""


def admit_settings(settings: Mapping[str, Any], policy: SourcePolicy) -> dict[str, Any]:
    """Check settings that came over HTTP; gives those that the stream is to have.

    Raises:
        ConfigError: One of them may not come this way.
    """
    for name in settings:
        if name not in _SETTINGS:
            raise ConfigError(
                f"{name[:64]!r} can only be set in the configuration file; over HTTP "
                f"there is {', '.join(_SETTINGS)}"
            )
    if "source" in settings:
        source = settings["source"]
        if not isinstance(source, str):
            raise ConfigError("source: a URL is needed")
        policy.admit(source)
    return dict(settings)
