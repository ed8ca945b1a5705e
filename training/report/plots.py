"""Plots of a run: curves, the confusion of classes and their IoU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from maskstream.models.classes import ClassTable
from maskstream.training.metrics import Scores
from maskstream.training.run_folder import Round

__all__ = ["plot_confusion", "plot_curves", "plot_iou"]


def plot_curves(path: Path, rounds: Sequence[Round]) -> None:
    """Plot loss, mean IoU and learning rate over the epochs."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    curves = {
        "loss": [line.loss for line in rounds],
        "mean IoU": [line.mean_iou for line in rounds],
        "learning rate": [line.learning_rate for line in rounds],
    }
    epochs = [line.epoch for line in rounds]
    for axes, (name, values) in zip(figure.subplots(1, 3), curves.items(), strict=True):
        axes.plot(epochs, values, marker=".", color="#1f6feb")
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def plot_confusion(
    path: Path, confusion: npt.NDArray[np.int64], classes: ClassTable
) -> None:
    """Plot what becomes of each true class, in percent of its pixels by row."""
    true = confusion.sum(1, keepdims=True)  # (K, 1)
    percent = 100 * confusion / np.maximum(1, true)  # (K, K)
    side = 2.5 + 0.5 * len(classes)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(classes)), classes.names, rotation=60, ha="right")
    axes.set_yticks(range(len(classes)), classes.names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for row, column in zip(*np.nonzero(percent >= 0.5), strict=True):
        value = percent[row, column]
        colour = "white" if value > 50 else "black"
        axes.text(
            column, row, f"{value:.0f}", ha="center", va="center", color=colour, size=8
        )
    figure.savefig(path, format="png", dpi=110)


def plot_iou(path: Path, scores: Scores, classes: ClassTable) -> None:
    """Plot the IoU of each class in its colour, the best at the top."""
    known = {name: iou for name, iou in scores.per_class_iou.items() if iou == iou}
    names = sorted(known, key=lambda name: known[name])
    colours = [np.divide(classes.colours[classes.index(name)], 255) for name in names]
    figure = Figure(figsize=(7, 1.2 + 0.3 * len(names)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(names, [known[name] for name in names], color=colours)
    axes.bar_label(bars, fmt="%.3f", padding=3)
    axes.axvline(scores.mean_iou, color="black", linestyle=":")
    axes.set_xlim(0, 1.08)
    axes.set_xlabel("IoU; dotted is the mean")
    figure.savefig(path, dpi=110)
