"""docs/configuration.md has every key of the daemon's configuration, from the models.

``MASKSTREAM_WRITE=1 pytest tests/test_configuration_docs.py`` writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from maskstream.pipeline.settings_file import inner_settings
from maskstream.server.config.serve import ServeConfig
from maskstream.server.config.stream import StreamConfig

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
BEGIN, END = "<!-- generated from the models -->\n", "<!-- end -->\n"


def test_the_page_has_every_key_default_and_reason() -> None:
    """It is what the models say, word for word."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page = before + BEGIN + tables() + END + after

    if os.environ.get("MASKSTREAM_WRITE"):
        PAGE.write_text(page)

    assert PAGE.read_text() == page


def tables() -> str:
    """Make a table of what all streams share, and one of what each has."""
    shared = rows(ServeConfig, "", skipped={"defaults", "streams"})
    each = rows(StreamConfig, "", skipped=set())
    return "\n".join(
        [
            "",
            "## What all streams share",
            "",
            *table(shared),
            "",
            "## What each stream has",
            "",
            "Under `streams: {ID: ...}`, and under `defaults:` for all of them.",
            "",
            *table(each),
            "",
            "",
        ]
    )


def table(lines: Iterator[str]) -> list[str]:
    """Give rows a head."""
    return ["| key | default | why |", "| --- | --- | --- |", *lines]


def rows(model: type[BaseModel], prefix: str, skipped: set[str]) -> Iterator[str]:
    """Yield a row for each key, those within others by their path."""
    for key, field in model.model_fields.items():
        if key in skipped:
            continue
        inner = inner_settings(field.annotation)
        is_many = get_origin(field.annotation) is tuple or any(
            get_origin(part) is tuple for part in get_args(field.annotation)
        )
        path = f"{prefix}{field.alias or key}"
        if inner is None or field.description:
            yield f"| `{path}` | {default_of(field)} | {field.description} |"
        if inner is not None:
            yield from rows(inner, f"{path}{'[]' if is_many else ''}.", set())


def default_of(field: FieldInfo) -> str:
    """Write a default as YAML has it."""
    default: Any = field.get_default(call_default_factory=True)
    if field.is_required():
        return "needed"
    if isinstance(default, BaseModel):
        return "on"
    is_duration = "_parse_duration" in f"{field.metadata}{field.annotation}"
    if is_duration and default is not None:
        return f"`{default:g}s`"
    shown = yaml.safe_dump(plain(default), default_flow_style=True).split("\n")[0]
    return f"`{shown}`"


def plain(value: Any) -> Any:
    """Turn a default into what YAML knows."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bool | int | float | None):
        return (
            value
            if not isinstance(value, int) or isinstance(value, bool)
            else int(value)
        )
    if isinstance(value, dict):
        return dict(value)
    return str(value)
