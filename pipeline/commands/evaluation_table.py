"""Scores as a person reads them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from maskstream.training.evaluate import Evaluation

__all__ = ["print_evaluation"]


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the scores of the set, then those of each class."""
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    summary = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _summary(evaluation):
        summary.add_row(name, _number(value))
    if evaluation.labelled_by:
        console.print(f"labelled by {evaluation.labelled_by}", markup=False)
    console.print(summary)
    console.print(_by_class(evaluation))


def _summary(evaluation: Evaluation) -> list[tuple[str, float]]:
    scores = evaluation.scores
    rows = [
        ("pixel accuracy", scores.pixel_accuracy),
        ("mean accuracy", scores.mean_accuracy),
        ("mean iou", scores.mean_iou),
        ("frequency weighted iou", scores.frequency_weighted_iou),
        ("boundary F1", evaluation.boundary.mean_f1),
    ]
    if (found := evaluation.boxes) is not None:
        rows += [
            ("box AP .50", found.ap_50),
            ("box AP .50:.95", found.ap),
            ("box mean IoU", found.mean_iou),
        ]
    if (steady := evaluation.temporal) is not None:
        rows += [
            ("temporal consistency", steady.consistency),
            ("flicker", steady.flicker),
            ("followed pixels", steady.followed),
        ]
    if (truth := evaluation.true_temporal) is not None:
        rows.append(("flicker of the true masks", truth.flicker))
    if (same := evaluation.agreement) is not None:
        rows += [
            (f"agreement with {evaluation.compared_with}", same.agreement),
            ("  in the worst picture", same.worst_picture),
        ]
    if (other := evaluation.other_scores) is not None:
        rows.append((f"  mean iou of {evaluation.compared_with}", other.mean_iou))
    return rows


def _by_class(evaluation: Evaluation) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("class")
    columns = {
        "IoU": evaluation.scores.per_class_iou,
        "boundary F1": evaluation.boundary.per_class_f1,
    }
    if evaluation.boxes is not None:
        columns["box AP .50"] = evaluation.boxes.per_class_ap_50
    for column in columns:
        table.add_column(column, justify="right")
    for name in evaluation.scores.per_class_iou:
        cells = [
            _number(values[name]) if name in values else ""
            for values in columns.values()
        ]
        table.add_row(name, *cells)
    return table


def _number(score: float) -> str:
    """Write a score; where there is none, a dash."""
    return "-" if math.isnan(score) else f"{score:.4f}"
