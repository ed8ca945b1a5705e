"""``train``, ``report``, ``pseudo-label``: a network and what it learns from."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from maskstream.pipeline.errors import ConfigError

if TYPE_CHECKING:
    from maskstream.training.config import TrainConfig
    from maskstream.training.train import OnStep

__all__ = ["pseudo_label", "report", "train"]


def train(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE] [KEY=VALUE]...",
            help="A YAML file or the name of a shipped recipe, then what differs.",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Go on with the run in this folder."),
    ] = None,
    settings: Annotated[
        bool, typer.Option("--settings", help="Print every setting, and stop.")
    ] = False,
) -> None:
    """Train a network on labelled pictures.

    maskstream train modern data=DIR backbone_weights=FILE out=RUN

    Without a recipe the defaults hold, which made the embedded weights. --settings
    prints them all with their reasons. RUN receives the weights, the log, checkpoints
    and a report.
    """
    if settings:
        _print_settings()
        return
    from maskstream.training.memory import keep_freed_memory

    keep_freed_memory()  # before torch comes
    from maskstream.training.distributed import is_first_process
    from maskstream.training.run_folder import RunFolder
    from maskstream.training.train import train as run_training

    config = _read_run(resume, words or [])
    folder = RunFolder(config.out)
    is_first = is_first_process()
    if is_first:
        logging.getLogger("maskstream").setLevel(logging.INFO)  # a line a validation
    try:
        with _progress_bar() as on_step:
            run_training(config, resume=resume is not None, on_step=on_step)
    except KeyboardInterrupt:
        if is_first and folder.config.is_file():
            typer.echo(
                f"interrupted; maskstream train --resume {config.out} goes on", err=True
            )
        raise
    if is_first:
        typer.echo(
            f"the best weights are in {folder.best}, the report in {folder.report}"
        )


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
) -> None:
    """Write the report of a training run anew."""
    from maskstream.training.report import write_report
    from maskstream.training.run_folder import RunFolder

    typer.echo(f"the report is in {write_report(RunFolder(run))}")


def pseudo_label(
    clips: Annotated[
        list[Path], typer.Argument(metavar="CLIP...", help="Videos without labels.")
    ],
    weights: Annotated[str, typer.Option(help="Of the network that labels them.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder of the data set."),
    ],
    frames: Annotated[int, typer.Option(min=1, help="From each clip.")] = 100,
    confidence: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Pixels whose best class is less probable get 255."
        ),
    ] = 0.9,
    split: Annotated[str, typer.Option(help="Split they are written to.")] = "train",
) -> None:
    """Label frames of clips where a network is sure, to learn from them."""
    from maskstream.models.weights import load_weights
    from maskstream.training.clips import spaced_frames
    from maskstream.training.pseudo_labels import write_pseudo_labels

    model, card = load_weights(weights)
    drawn = (frame for clip in clips for frame in spaced_frames(clip, frames))
    count, share = write_pseudo_labels(
        model,
        drawn,
        output,
        split=split,
        classes=card.classes,
        min_confidence=confidence,
    )
    typer.echo(f"{count} pictures in {output}, {share:.0%} of their pixels labelled")


def _read_run(resume: Path | None, words: list[str]) -> TrainConfig:
    from maskstream.training.recipes import load_recipe
    from maskstream.training.run_folder import RunFolder

    if resume is not None:
        if words:
            raise ConfigError(
                f"--resume goes on with a run as it is; {words[0]} cannot be changed"
            )
        return RunFolder(resume).read_config()
    has_recipe = bool(words) and "=" not in words[0]
    return load_recipe(words[0] if has_recipe else None, words[has_recipe:])


def _print_settings() -> None:
    """Print the settings as YAML, each below its reason."""
    from maskstream.training.recipes import describe_settings

    typer.echo("\n".join(describe_settings()))


@contextmanager
def _progress_bar() -> Iterator[OnStep]:
    """Show the steps, the loss and the time left on stderr, where it is a terminal."""
    bar = Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(emoji=False, stderr=True),
        disable=not sys.stderr.isatty(),
    )
    with bar, _lines_above():
        task = bar.add_task("training", total=None, loss=float("nan"))

        def show(step: int, num_steps: int, loss: float) -> None:
            bar.update(task, completed=step, total=num_steps, loss=loss)

        yield show


@contextmanager
def _lines_above() -> Iterator[None]:
    """Send log lines through stderr as it is now: a bar stays below what it is sent."""
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    before = [handler.setStream(sys.stderr) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            if stream is not None:  # it was another one
                handler.setStream(stream)
