"""``check``, ``show`` and ``schema``: look at a configuration before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.config_file import load_config
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import read_settings
from maskstream.stages.credentials import mask_credentials

__all__ = ["check", "schema", "show"]

_ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")]
_OF_THE_DAEMON = {"streams", "defaults", "http", "log"}


def check(config: _ConfigPath) -> None:
    """Check a configuration file; say what is wrong in one sentence.

    The network is loaded too, so that weights and class names are known to fit. A file
    with `streams` is one for the daemon.
    """
    if _is_for_the_daemon(config):
        from maskstream.server.daemon import check as check_daemon

        check_daemon(config)
    elif not read_settings(config):
        raise ConfigError(f"{config}: nothing is set in it")
    else:
        from maskstream.pipeline.app import find_network

        find_network(load_config(config)).load()
    typer.echo(f"{config}: ok")


def show(config: _ConfigPath) -> None:
    """Print every setting as it would hold, passwords masked."""
    settings: dict[str, Any]
    if _is_for_the_daemon(config):
        from maskstream.server.config.serve import load_serve_settings, masked

        loaded = load_serve_settings(config)
        settings = masked(loaded.config)
        for name in loaded.variables:
            typer.echo(f"# {name} is set")
    else:
        settings = load_config(config).model_dump(mode="json")
        settings["inputs"] = [mask_credentials(one) for one in settings["inputs"]]
    typer.echo(yaml.safe_dump(settings, sort_keys=False), nl=False)


def schema(
    serve: Annotated[
        bool, typer.Option("--serve", help="Of the daemon's, not of a run's.")
    ] = False,
) -> None:
    """Print the JSON Schema of a configuration file, for editors."""
    if serve:
        from maskstream.server.config.serve import ServeConfig

        document = ServeConfig.model_json_schema()
    else:
        document = RunConfig.model_json_schema()
    typer.echo(json.dumps(document, indent=2))


def _is_for_the_daemon(config: Path) -> bool:
    return bool(_OF_THE_DAEMON & read_settings(config).keys())
