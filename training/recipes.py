"""A recipe and ``key=value`` words -> a checked `TrainConfig`, and back again."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import (
    check_settings,
    inner_settings,
    read_settings,
)
from maskstream.training.config import TrainConfig

__all__ = [
    "describe_settings",
    "load_recipe",
    "recipe_names",
    "training_command",
]

_PLACEHOLDERS = {
    "data": "DIR",
    "out": "RUN",
    "backbone_weights": "FILE",
    "start": "FILE",
    "teacher.weights": "FILE",
    "teacher.clips": "[CLIP]",
    "classes": "JSON",
}
"""What stands for a path of one machine in a command for everybody."""

_OF_THE_MACHINE = {"threads", "workers"}


def load_recipe(recipe: str | Path | None, words: Iterable[str] = ()) -> TrainConfig:
    """Read a recipe, then lay ``key=value`` words over it.

    A key reaches into a part with dots: ``optimizer.kind=sgd``. Values are taken as
    they stand; ``null``, lists and mappings are written as in YAML.

    Args:
        recipe: a YAML file, or the bare name of one that is shipped; None for the
            defaults alone.
        words: what differs from it.

    Raises:
        ConfigError: the recipe is not there, or something in it cannot be used.
    """
    settings = {} if recipe is None else read_settings(_find(str(recipe)))
    for word in words:
        _override(settings, word)
    return check_settings(TrainConfig, settings)


def recipe_names() -> list[str]:
    """List the recipes that are shipped."""
    return sorted(_shipped())


def describe_settings() -> Iterator[str]:
    """Write every setting with its default as YAML, each below its reason."""
    yield from _describe(TrainConfig, "")


def training_command(config: TrainConfig) -> str:
    """Write the command that trains so again, with placeholders for paths."""
    given = config.model_dump(mode="json", exclude_defaults=True)
    given = {key: given[key] for key in given if key not in _OF_THE_MACHINE}
    given |= {"data": "DIR", "out": "RUN"}
    words = [
        f"{key}={_PLACEHOLDERS.get(key, _write(value))}"
        for key, value in _flatten(given)
    ]
    return shlex.join(["maskstream", "train", *words])


def _shipped() -> dict[str, Traversable]:
    folder = resources.files("maskstream.configs") / "training"
    return {file.name.removesuffix(".yaml"): file for file in folder.iterdir()}


def _find(recipe: str) -> Traversable:
    shipped = _shipped()
    if recipe in shipped:
        return shipped[recipe]
    path = Path(recipe)
    if path.is_file():
        return path
    raise ConfigError(
        f"{recipe}: no such recipe; give a YAML file or one of "
        f"{', '.join(sorted(shipped))}"
    )


def _override(settings: dict[str, Any], word: str) -> None:
    key, equals, text = word.partition("=")
    if not equals:
        raise ConfigError(f"{word}: settings are given as key=value, such as epochs=12")
    *parts, name = key.split(".")
    for part in parts:
        if not isinstance(settings.get(part), dict):
            settings[part] = {}
        settings = settings[part]
    settings[name] = _read(text, word)


def _read(text: str, word: str) -> Any:
    # Plain words stay text, from which pydantic makes what the setting is: YAML would
    # make a number of a folder named 2024 and text of 1e-10.
    if text != "null" and not text.startswith(("[", "{")):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"{word}: the value is not valid YAML") from None


def _write(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return yaml.safe_dump(value, default_flow_style=True).splitlines()[0]


def _flatten(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and key not in _PLACEHOLDERS:
            yield from _flatten(value, f"{key}.")
        else:
            yield key, value


def _describe(model: type[BaseModel], margin: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        reason = textwrap.wrap(str(field.description), width=78 - len(margin))
        yield from (f"{margin}# {line}" for line in reason)
        part = inner_settings(field.annotation)
        if part is None:
            yield f"{margin}{name}: {_default(field)}"
        else:
            is_off = field.default is None
            yield f"{margin}{name}:{' null, or' if is_off else ''}"
            yield from _describe(part, f"{margin}  ")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(must be given)"
    value = field.default
    return _write(str(value) if isinstance(value, Path) else value)
