"""YAML and overrides -> a checked `RunConfig`, or a sentence that says why not."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import check_settings, read_settings

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
        settings = _substitute(
            read_settings(path),
            os.environ if environment is None else environment,
            path,
        )
    return parse_config(
        _merge(settings, overrides or {}), origin="" if path is None else str(path)
    )


def parse_config(settings: Mapping[str, Any], *, origin: str = "") -> RunConfig:
    """Check ``settings``; ``origin`` begins the message when they cannot be used.

    Raises:
        ConfigError: An unknown key, a wrong type or value, or an impossible pair.
    """
    return check_settings(RunConfig, settings, origin=origin)


def _substitute(value: Any, environment: Mapping[str, str], path: Path) -> Any:
    """Replace ``${NAME}`` in every string of ``value``."""
    if isinstance(value, dict):
        return {key: _substitute(one, environment, path) for key, one in value.items()}
    if isinstance(value, list):
        return [_substitute(one, environment, path) for one in value]
    if not isinstance(value, str):
        return value

    def look_up(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            raise ConfigError(f"{path}: the environment variable {name} is not set")
        return str(environment[name])

    return re.sub(r"\$\{(\w+)\}", look_up, value)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping | None):
            value = _merge(under or {}, value)
        merged[key] = value
    return merged
