"""Settings: YAML read strictly, and findings of pydantic's as one sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from maskstream.pipeline.errors import ConfigError

__all__ = [
    "check_settings",
    "inner_settings",
    "merge_settings",
    "read_settings",
    "substitute",
]

Settings = TypeVar("Settings", bound=BaseModel)

_MAX_DEPTH = 50
_MAX_VALUES = 100_000
# Of a day that does not exist, digits without end, and a value that is not of its tag.
_CONSTRUCTING = (ValueError, LookupError, AttributeError, TypeError, OverflowError)

_PLAIN = {
    "tuple_type": "a list is needed",
    "dict_type": "a mapping of settings is needed",
    "model_type": "a mapping of settings is needed",
}
"""Words of ours for those of pydantic's that speak of Python."""


def read_settings(path: Traversable) -> dict[str, Any]:
    """Read a YAML file that holds a mapping, or nothing.

    Raises:
        ConfigError: It cannot be read, is something else, or gives a key twice.
    """
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
    except RecursionError:
        raise _too_deep(path) from None
    except _CONSTRUCTING as error:  # PyYAML lets through what Python says of a value
        raise ConfigError(f"{path}: a value cannot be read: {error}") from None
    _check_extent(document, path)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(
            f"{path}: a mapping of settings is needed, got a {type(document).__name__}"
        )
    return document


def substitute(value: Any, environment: Mapping[str, str], path: Traversable) -> Any:
    """Replace ``${NAME}`` in every string of ``value``.

    Raises:
        ConfigError: The environment has no such variable.
    """
    if isinstance(value, dict):
        return {key: substitute(one, environment, path) for key, one in value.items()}
    if isinstance(value, list):
        return [substitute(one, environment, path) for one in value]
    if not isinstance(value, str):
        return value

    def look_up(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            raise ConfigError(f"{path}: the environment variable {name} is not set")
        return str(environment[name])

    return re.sub(r"\$\{(\w+)\}", look_up, value)


def merge_settings(
    below: Mapping[str, Any], above: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay settings over others, key by key and into their depth."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping | None):
            value = merge_settings(under or {}, value)
        merged[key] = value
    return merged


def check_settings(
    model: type[Settings], settings: Mapping[str, Any], *, origin: str = ""
) -> Settings:
    """Make a model of settings; ``origin`` begins the message when it cannot be.

    Raises:
        ConfigError: A setting is unknown or missing, of the wrong type or value, or
            impossible beside another.
    """
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        prefix = f"{origin}: " if origin else ""
        problems = "; ".join(_explain(problem, model) for problem in error.errors())
        raise ConfigError(f"{prefix}{problems}") from None


def inner_settings(annotation: Any) -> type[BaseModel] | None:
    """Find the settings that a field is made of; None where it is a plain one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    # What is optional or one of several holds them further in.
    found = map(inner_settings, get_args(annotation))
    return next((model for model in found if model is not None), None)


def _check_extent(document: Any, path: Traversable) -> None:
    """Refuse what nests too deep, and anchors that multiply to more than there is.

    Raises:
        ConfigError: Whoever walks through it would not come to an end.
    """
    inner = [(document, 0)]
    for _ in range(_MAX_VALUES):
        if not inner:
            return
        value, depth = inner.pop()
        if depth > _MAX_DEPTH:
            raise _too_deep(path)
        if isinstance(value, dict):
            inner.extend((one, depth + 1) for one in value.values())
        elif isinstance(value, list | tuple):
            inner.extend((one, depth + 1) for one in value)
    raise ConfigError(f"{path}: more than {_MAX_VALUES} values, anchors written out")


def _too_deep(path: Traversable) -> ConfigError:
    return ConfigError(f"{path}: settings are nested more than {_MAX_DEPTH} deep")


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would take the last.

    And an alias within what it stands for, which has no end.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._open: list[str | None] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        loader: Any = self  # its parser has no types
        event: Any = loader.peek_event()
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in self._open:
                raise yaml.MarkedYAMLError(
                    problem=f"*{event.anchor} stands within itself",
                    problem_mark=mark,
                )
            return super().compose_node(parent, index)
        self._open.append(event.anchor)
        try:
            return super().compose_node(parent, index)
        finally:
            self._open.pop()

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _explain(problem: Any, model: type[BaseModel]) -> str:
    """Say one of pydantic's findings in the project's own manner."""
    keys = [str(part) for part in problem["loc"]]
    where = ".".join(keys)
    if problem["type"] == "missing":
        return f"{where} is missing; give it as {where}=..."
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(keys[-1], _known_keys(model, keys[:-1]), n=1)
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
    shown = f", got {repr(got)[:80]}" if is_shown and "got" not in message else ""
    return f"{where}: {message}{shown}"


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """List the keys of the part of ``model`` that ``path`` leads to."""
    for key in path:
        if key not in model.model_fields:
            continue  # the name of one of many, or its place among them
        inner = inner_settings(model.model_fields[key].annotation)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
