"""YAML and overrides -> a checked `RunConfig`, or a sentence that says why not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.settings_file import (
    check_settings,
    merge_settings,
    read_settings,
    substitute,
)

__all__ = ["load_config", "parse_config"]


def load_config(
    path: Path | None,
    overrides: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> RunConfig:
    """Read ``path`` (None: nothing), then lay ``overrides`` over it.

    Args:
        path: A YAML file. ``${NAME}`` in its strings stands for that environment
            variable.
        overrides: Nested like the file; only keys that are given override.
        environment: Where ``${NAME}`` is looked up; this process's own by default.

    Raises:
        ConfigError: The file cannot be read, or something in it cannot be used.
    """
    settings: dict[str, Any] = {}
    if path is not None:
        settings = substitute(
            read_settings(path),
            os.environ if environment is None else environment,
            path,
        )
    return parse_config(
        merge_settings(settings, overrides or {}),
        origin="" if path is None else str(path),
    )


def parse_config(settings: Mapping[str, Any], *, origin: str = "") -> RunConfig:
    """Check ``settings``; ``origin`` begins the message when they cannot be used.

    Raises:
        ConfigError: An unknown key, a wrong type or value, or an impossible pair.
    """
    return check_settings(RunConfig, settings, origin=origin)
