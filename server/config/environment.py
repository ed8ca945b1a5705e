"""Settings from the environment, for containers: ``MASKSTREAM_HTTP__PORT=9000``.

The convention is that of pydantic-settings: a prefix, keys in capitals, two underscores
between a key and what is in it; lists and mappings as JSON. It lies over the file.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import merge_settings

__all__ = ["PREFIX", "read_environment", "variable_of"]

PREFIX = "MASKSTREAM_"
_BETWEEN = "__"


def read_environment(
    model: type[BaseModel], settings: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Read the settings that the environment has, and by which variables.

    A name without two underscores that is no key of ``model`` is left alone: it may be
    for ``${NAME}``, or Kubernetes tells of a service that is called maskstream.

    Args:
        model: Of the whole configuration.
        settings: Of the file, which may name streams in other letters than a variable
            can.
        environment: Variables by name.

    Raises:
        ConfigError: A variable names no key.
    """
    laid: dict[str, Any] = {}
    used = []
    names = [name for name in environment if name.startswith(PREFIX)]
    for name in sorted(names, key=lambda one: (one.count(_BETWEEN), one)):
        parts = name.removeprefix(PREFIX).lower().split(_BETWEEN)
        if len(parts) == 1 and not _is_meant(parts[0], model):
            continue
        keys, annotation = _follow(name, parts, model, settings)
        value: Any = _parse(environment[name], annotation)
        for key in reversed(keys):
            value = {key: value}
        laid = merge_settings(laid, value)
        used.append(name)
    return laid, used


def variable_of(*keys: str) -> str:
    """Name the variable that sets a key."""
    return PREFIX + _BETWEEN.join(keys).upper()


def _is_meant(part: str, model: type[BaseModel]) -> bool:
    known = list(model.model_fields)
    return bool(difflib.get_close_matches(part, known, n=1, cutoff=0.8))


def _follow(
    name: str, parts: list[str], annotation: Any, settings: Any
) -> tuple[list[str], Any]:
    """Find the keys that the parts of a name stand for, and the type of the last."""
    keys: list[str] = []
    for part in parts:
        kinds = list(_kinds(annotation))
        model = next((kind for kind in kinds if _is_model(kind)), None)
        mapping = next((kind for kind in kinds if _is_mapping(kind)), None)
        if model is not None:
            fields = {
                field.alias or key: field for key, field in model.model_fields.items()
            }
            if part not in fields:
                raise _unknown(name, keys, part, list(fields))
            key, annotation = part, fields[part].annotation
        elif mapping is not None:
            given = settings if isinstance(settings, Mapping) else {}
            key = next((one for one in given if _spelt(one) == _spelt(part)), part)
            annotation = get_args(mapping)[1]
        else:
            raise _unknown(name, keys, part, [])
        keys.append(key)
        settings = settings.get(key) if isinstance(settings, Mapping) else None
    return keys, annotation


def _unknown(name: str, keys: list[str], part: str, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(part, known, n=1)
    hint = f", did you mean {variable_of(*keys, near[0])!r}" if near else ""
    where = ".".join([*keys, part])
    return ConfigError(f"the environment variable {name}: unknown key {where!r}{hint}")


def _parse(text: str, annotation: Any) -> Any:
    """Take JSON where there are settings, a mapping or a list; else the text."""
    kinds = _kinds(annotation)
    if any(_is_model(kind) or isinstance(get_origin(kind), type) for kind in kinds):
        try:
            return json.loads(text)
        except ValueError:
            pass  # a source may be its URL, a rule a sentence
    return text


def _kinds(annotation: Any) -> Iterator[Any]:
    """List what a value may be, None and all that is only told of it left out."""
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            yield from _kinds(one)
    elif annotation is not type(None):
        yield annotation


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _spelt(key: str) -> str:
    """Spell a key as a variable can: an id may have capitals, full stops, dashes."""
    return "".join(one if one.isalnum() else "_" for one in str(key).lower())
