"""Train the members of the family alike and compare them: 32s, 16s and 8s.

    python benchmarks/ordering.py DATA BACKBONE_WEIGHTS OUT [KEY=VALUE]...

Every member learns by the default recipe, with the same budget and seed; KEY=VALUE
changes the recipe for all, as in ``maskstream train``. OUT receives a folder and a file
of scores for each run, ordering.md and ordering.png. Started again it goes on where it
was stopped, and leaves what is finished alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from maskstream.pipeline.errors import ConfigError
from maskstream.training.recipes import load_recipe
from maskstream.training.run_folder import RunFolder

_PROGRAM = [sys.executable, "-m", "maskstream"]

_SCORES = {  # the columns of the paper's tables
    "pixel_accuracy": "pixel acc.",
    "mean_accuracy": "mean acc.",
    "mean_iou": "mean IU",
    "frequency_weighted_iou": "f.w. IU",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A network that is compared."""

    title: str
    model: str
    colour: str


MEMBERS = (
    Member("FCN-32s", "fcn32s-lite0-slim", "#999999"),
    Member("FCN-16s, fixed", "fcn16s-lite0-slim,upsampling=fixed", "#9ecae9"),
    Member("FCN-16s, learned", "fcn16s-lite0-slim", "#1f6feb"),
    Member("FCN-8s, fixed", "fcn8s-lite0-slim,upsampling=fixed", "#ffbf79"),
    Member("FCN-8s, learned", "fcn8s-lite0-slim", "#d9480f"),
)
"""FCN-32s has no deconvolution but the last, which none of them learns."""


def main() -> None:
    """Train what is not trained yet, score it, and write the table and the curves."""
    arguments = _parse()
    out: Path = arguments.out
    words = [
        f"data={arguments.data}",
        f"backbone_weights={arguments.backbone_weights}",
        *arguments.words,
    ]
    runs = [RunFolder(out / member.model) for member in MEMBERS]
    scores = []
    for member, run in zip(MEMBERS, runs, strict=True):
        file = out / f"{member.model}.json"
        if not file.is_file():
            _train(run, [*words, f"model={member.model}", f"out={run.path}"])
            file.write_text(_evaluate(run, arguments.data))
        scores.append(json.loads(file.read_text()))
    (out / "ordering.md").write_text(_table(scores))
    _plot(out / "ordering.png", runs)


def _parse() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("backbone_weights", type=Path, metavar="BACKBONE_WEIGHTS")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("words", nargs="*", metavar="KEY=VALUE")
    return parser.parse_args()


def _train(run: RunFolder, words: list[str]) -> None:
    """Train in a process of its own, so that no run sees the memory of another."""
    if run.config.is_file():
        if run.read_config() != load_recipe(None, words):
            raise ConfigError(
                f"{run.path}: this run was begun with other settings; "
                "give them again or another OUT"
            )
        words = ["--resume", str(run.path)]
    # Not subprocess.run, which kills what Ctrl-C has asked to save a checkpoint.
    with subprocess.Popen([*_PROGRAM, "train", *words]) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise
    if code:
        sys.exit(code)


def _evaluate(run: RunFolder, data: Path) -> str:
    """Score the weights at the end of a run, which no score has chosen."""
    command = [*_PROGRAM, "evaluate", "--weights", str(run.last), "--data", str(data)]
    options = ["--engine", "torch", "--precision", "fp32", "--json"]
    done = subprocess.run(
        [*command, *options], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def _table(scores: Sequence[dict[str, Any]]) -> str:
    lines = [
        f"| network | {' | '.join(_SCORES.values())} |",
        f"| --- |{' --- |' * len(_SCORES)}",
    ]
    for member, found in zip(MEMBERS, scores, strict=True):
        cells = " | ".join(f"{100 * found[name]:.1f}" for name in _SCORES)
        lines.append(f"| {member.title} | {cells} |")
    return "\n".join([*lines, ""])


def _plot(path: Path, runs: Sequence[RunFolder]) -> None:
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "mean_iou"), strict=True):
        for member, run in zip(MEMBERS, runs, strict=True):
            rounds = run.rounds()
            axes.plot(
                [line.epoch for line in rounds],
                [getattr(line, name) for line in rounds],
                label=member.title,
                color=member.colour,
            )
        axes.set_title({"loss": "loss", "mean_iou": "mean IoU on val"}[name])
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
