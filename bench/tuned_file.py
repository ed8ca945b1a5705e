"""What tune found, as a configuration with what was measured beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from maskstream.bench.table import spread_text
from maskstream.bench.trial import Trial
from maskstream.bench.tune import Tuned
from maskstream.pipeline.config import RunConfig
from maskstream.pipeline.settings_file import merge_settings
from maskstream.stages.output import explain_failure, partial_name

__all__ = ["print_tuned", "write_tuned"]


def write_tuned(tuned: Tuned, given: RunConfig, path: Path) -> None:
    """Write the settings that were given, with what is faster over them.

    Raises:
        SinkError: The file cannot be written.
    """
    settings: dict[str, Any] = given.model_dump(
        mode="json", exclude_unset=True, exclude={"inputs"}
    )
    settings = merge_settings(settings, tuned.settings)
    lines = [f"# {line}".rstrip() for line in _comment(tuned)]
    text = yaml.safe_dump(settings, sort_keys=False) if settings else ""
    partial = partial_name(path)
    with explain_failure(path, kept=partial):
        partial.write_text("\n".join([*lines, text]), encoding="utf-8")
        partial.replace(path)


def _summary_lines(tuned: Tuned) -> list[str]:
    """Say what was found."""
    lines = []
    if (both := tuned.comparison) is not None:
        lines.append(
            f"pipeline: {spread_text(both.after, 1)} frames a second, "
            f"{spread_text(both.before, 1)} with the settings as given; "
            f"{spread_text(both.gain)} times as many, by turns"
        )
    if not tuned.settings:
        lines.append("nothing was found that is faster: the settings are as given")
    if tuned.is_cut_short:
        lines.append("there was no time to try everything; --limit gives more")
    machine = tuned.machine
    if machine.is_busy:
        lines.append("something else ran: tune again when nothing does")
    return lines


def print_tuned(tuned: Tuned) -> None:
    """Print what was tried and what was found, on stdout."""
    console = Console(highlight=False, soft_wrap=True)
    for trial in tuned.trials:
        console.print(f"{_mark(trial)} {trial.name}: {trial.found}", markup=False)
    for line in _summary_lines(tuned):
        console.print(line, markup=False)


def _comment(tuned: Tuned) -> list[str]:
    machine = tuned.machine
    return [
        f"Made by maskstream tune on {tuned.clip}:",
        f"{machine}.",
        *_summary_lines(tuned),
        "For maskstream run --config. In a configuration of serve, model and batch are",
        "the same; video.preset is recording.preset of a stream.",
        "",
        "Tried (* taken, ! beyond the bounds of quality):",
        *(f"{_mark(trial)} {trial.name}: {trial.found}" for trial in tuned.trials),
    ]


def _mark(trial: Trial) -> str:
    if trial.is_chosen:
        return "*"
    return " " if trial.is_within else "!"
