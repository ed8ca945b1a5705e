"""The command line: one function a command, and errors as one sentence."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from maskstream.pipeline.commands.config import check, schema, show
from maskstream.pipeline.commands.doctor import doctor
from maskstream.pipeline.commands.network import evaluate, train
from maskstream.pipeline.commands.probe import probe, verify
from maskstream.pipeline.commands.run import EXAMPLES, run
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
app.command(epilog=EXAMPLES)(run)
for command in (
    probe,
    verify,
    check,
    show,
    schema,
    doctor,
    train,
    evaluate,
):
    app.command()(command)


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
