"""``maskstream tune``: find the settings that are fastest here, and write them down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskstream.pipeline.config_file import load_config

__all__ = ["tune"]


def tune(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="A video file.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The configuration (.yaml).")
    ],
    config: Annotated[
        Path | None, typer.Option(help="Begin with these settings, and keep the rest.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="An embedded model.")] = None,
    limit: Annotated[
        float,
        typer.Option(
            min=1,
            metavar="S",
            help="Two thirds are for trials, the rest is to compare; what has begun is "
            "finished.",
        ),
    ] = 180,
    agreement: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of pixels whose label is that of fp32, at least."
        ),
    ] = 0.98,
    overwrite: Annotated[bool, typer.Option("--overwrite")] = False,
) -> None:
    """Try engine, precision, size, batch and preset on a clip; write a configuration.

    For maskstream run --config; model and batch of it are also those of serve. What is
    tried must keep labels and picture: the labels agree with those in fp32, the encoder
    loses at most half a decibel and the file grows by half at most. The file says what
    was measured. Run it when nothing else runs.
    """
    from rich.console import Console

    from maskstream.bench import Bounds, print_tuned, write_tuned
    from maskstream.bench import tune as search
    from maskstream.stages.output import check_output

    check_output(output, suffixes=(".yaml", ".yml"), overwrite=overwrite)
    settings = {} if model is None else {"model": {"name": model}}
    given = load_config(config, {"inputs": (clip,), **settings})
    with Console(emoji=False, stderr=True).status("") as status:
        tuned = search(
            given, Bounds(agreement=agreement), limit_s=limit, tell=status.update
        )
    write_tuned(tuned, given, output)
    print_tuned(tuned)
