"""``check``, ``show`` and ``schema``: look at a configuration before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml

from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.config_file import load_config
from maskstream.stages.credentials import mask_credentials

__all__ = ["check", "schema", "show"]

_ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")]


def check(config: _ConfigPath) -> None:
    """Check a configuration file; say what is wrong in one sentence.

    The network is loaded too, so that weights and class names are known to fit.
    """
    from maskstream.pipeline.app import load_network  # torch: not for --help

    load_network(load_config(config))
    typer.echo(f"{config}: ok")


def show(config: _ConfigPath) -> None:
    """Print every setting as it would hold, passwords masked."""
    settings = load_config(config).model_dump(mode="json")
    settings["inputs"] = [mask_credentials(one) for one in settings["inputs"]]
    if size_hw := settings["model"]["size"]:
        settings["model"]["size"] = f"{size_hw[1]}x{size_hw[0]}"
    typer.echo(yaml.safe_dump(settings, sort_keys=False), nl=False)


def schema() -> None:
    """Print the JSON Schema of a configuration file, for editors."""
    typer.echo(json.dumps(RunConfig.model_json_schema(), indent=2))
