"""The command line: its commands by name, and errors as one sentence."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from maskstream.pipeline.errors import ConfigError, MaskStreamError
from maskstream.pipeline.lazy_commands import LazyCommand, LazyGroup

__all__ = ["COMMANDS", "app", "main"]

# name: (where it is in the folder of commands, the first sentence of its own help)
_PANELS = {
    "Video": {
        "run": ("run:run", "Segment video and write what was asked for."),
        "serve": (
            "serve:serve",
            "Segment the cameras of a configuration, until told to stop.",
        ),
        "probe": (
            "probe:probe",
            "Tell what an input is, and what the network would see of it.",
        ),
        "verify": (
            "probe:verify",
            "Prove that OUT keeps the times, the sound, the orientation and colours of "
            "IN.",
        ),
    },
    "Configuration": {
        "check": (
            "config:check",
            "Check a configuration file; say what is wrong in one sentence.",
        ),
        "show": (
            "config:show",
            "Print every setting as it would hold, passwords masked.",
        ),
        "schema": (
            "config:schema",
            "Print the JSON Schema of a configuration file, for editors.",
        ),
        "doctor": (
            "doctor:doctor",
            "Tell what this machine offers: devices, engines, codecs, weights, disk.",
        ),
    },
    "Speed": {
        "bench": (
            "bench:bench",
            "Measure every part alone, the pipeline, and what its parts would allow.",
        ),
        "tune": (
            "tune:tune",
            "Try engine, precision, size, batch and preset on a clip; write a "
            "configuration.",
        ),
    },
    "Network": {
        "models": (
            "models:models",
            "List networks with their cost, how far they see, and the weights at hand.",
        ),
        "heatmaps": (
            "heatmaps:heatmaps",
            "Draw the probability of each class over pictures and over frames of "
            "videos.",
        ),
        "evaluate": (
            "evaluate:evaluate",
            "Score a network as the FCN paper does, on labelled pictures or a clip.",
        ),
        "train": ("train:train", "Train a network on labelled pictures."),
        "report": ("train:report", "Write the report of a training run anew."),
        "pseudo-label": (
            "train:pseudo_label",
            "Label frames of clips where a network is sure, to learn from them.",
        ),
        "label-with": (
            "teach:label_with",
            "Label pictures where networks that others trained agree, to learn from "
            "them.",
        ),
        "weights": (
            "weights:weights",
            "Weights: list and show them, import those of others, export to runtimes.",
        ),
        "data": (
            "data:data",
            "Look at labelled pictures before a network learns from them.",
        ),
    },
}
COMMANDS = {
    name: LazyCommand(name, home, panel, summary)
    for panel, commands in _PANELS.items()
    for name, (home, summary) in commands.items()
}


class _Commands(LazyGroup):
    later = tuple(COMMANDS.values())


app = typer.Typer(
    name="maskstream",
    cls=_Commands,
    help="Semantic masks from video, continuously.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
        _fail(str(error), 2)
    except MaskStreamError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("MASKSTREAM_DEBUG"):
            raise
        _fail(
            f"unexpected {type(error).__name__}: {error} "
            "(a defect; MASKSTREAM_DEBUG=1 shows where)",
            1,
        )


def _fail(sentence: str, exit_code: int) -> None:
    from maskstream.pipeline.console import print_error

    print_error(sentence)
    sys.exit(exit_code)
