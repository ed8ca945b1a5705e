"""The command line: one function a command, and errors as one sentence."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from maskstream.pipeline.commands.config import check, schema, show
from maskstream.pipeline.commands.data import data
from maskstream.pipeline.commands.doctor import doctor
from maskstream.pipeline.commands.evaluate import evaluate
from maskstream.pipeline.commands.heatmaps import heatmaps
from maskstream.pipeline.commands.models import models
from maskstream.pipeline.commands.probe import probe, verify
from maskstream.pipeline.commands.run import EXAMPLES, run
from maskstream.pipeline.commands.serve import serve
from maskstream.pipeline.commands.teach import label_with
from maskstream.pipeline.commands.train import pseudo_label, report, train
from maskstream.pipeline.commands.weights import weights
from maskstream.pipeline.console import print_error
from maskstream.pipeline.errors import ConfigError, MaskStreamError

__all__ = ["app", "main"]

app = typer.Typer(
    name="maskstream",
    help="Semantic masks from video, continuously.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = {
    "Video": (serve, probe, verify),
    "Configuration": (check, show, schema, doctor),
    "Network": (models, heatmaps, evaluate, train, report, pseudo_label, label_with),
}
app.command(epilog=EXAMPLES, rich_help_panel="Video")(run)
for panel, commands in _COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(weights, name="weights", rich_help_panel="Network")
app.add_typer(data, name="data", rich_help_panel="Network")


@app.callback()
def _set_up(
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Tell what is decided and why.")
    ] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )


def main() -> None:
    """Run the command line; exit with 0, 1 failed, 2 wrong usage or 130 interrupted."""
    try:
        app()
    except ConfigError as error:
        print_error(str(error))
        sys.exit(2)
    except MaskStreamError as error:
        print_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("MASKSTREAM_DEBUG"):
            raise
        print_error(
            f"unexpected {type(error).__name__}: {error} "
            "(a defect; MASKSTREAM_DEBUG=1 shows where)"
        )
        sys.exit(1)
