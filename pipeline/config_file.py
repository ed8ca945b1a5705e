"""YAML and overrides -> a checked `RunConfig`, or a sentence that says why not."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.errors import ConfigError

__all__ = ["load_config", "parse_config"]

_PLAIN = {
    "tuple_type": "a list is needed",
    "model_type": "a mapping of settings is needed",
}
"""Words of ours for those of pydantic's that speak of Python."""


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
            _read_yaml(path), os.environ if environment is None else environment, path
        )
    return parse_config(
        _merge(settings, overrides or {}), origin="" if path is None else str(path)
    )


def parse_config(settings: Mapping[str, Any], *, origin: str = "") -> RunConfig:
    """Check ``settings``; ``origin`` begins the message when they cannot be used.

    Raises:
        ConfigError: An unknown key, a wrong type or value, or an impossible pair.
    """
    try:
        return RunConfig.model_validate(settings)
    except ValidationError as error:
        prefix = f"{origin}: " if origin else ""
        problems = "; ".join(_explain(problem) for problem in error.errors())
        raise ConfigError(f"{prefix}{problems}") from None


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would take the last."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a text file, a YAML file is needed") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise ConfigError(f"{path}: not valid YAML{where}: {problem}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(
            f"{path}: a mapping of settings is needed, got a {type(document).__name__}"
        )
    return document


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


def _explain(problem: Any) -> str:
    """Say one of pydantic's findings in the project's own manner."""
    keys = [str(part) for part in problem["loc"]]
    where = ".".join(keys)
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(keys[-1], _known_keys(keys[:-1]), n=1)
        hint = f", did you mean {near[0]!r}" if near else ""
        return f"unknown key {where!r}{hint}"
    plain = _PLAIN.get(problem["type"], problem["msg"])
    message: str = plain.removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if not where:
        return message
    got = problem["input"]
    # A URL may hold a password.
    is_shown = not isinstance(got, dict) and "://" not in repr(got)
    shown = f", got {got!r}" if is_shown and "got" not in message else ""
    return f"{where}: {message}{shown}"


def _known_keys(path: list[str]) -> list[str]:
    model: type[BaseModel] = RunConfig
    for key in path:
        annotation = model.model_fields[key].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
