"""One page of HTML with everything about a run."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import jinja2
import numpy as np

from maskstream.models.weights import load_weights
from maskstream.training.dataset import LabelledFolder
from maskstream.training.distributed import Processes
from maskstream.training.metrics import Scores
from maskstream.training.report.examples import mean_iou_by_picture, write_example
from maskstream.training.report.plots import plot_confusion, plot_curves, plot_iou
from maskstream.training.run_folder import RunFolder
from maskstream.training.validate import count_by_picture, label_picture

__all__ = ["write_report"]

_NUM_EXAMPLES = 4  # of the best pictures, and of the worst


def write_report(run: RunFolder, processes: Processes | None = None) -> Path:
    """Score the best weights of a run on its validation split, and show how they do.

    Returns:
        Path of the page; its pictures lie beside it.

    Raises:
        ConfigError: this is not the folder of a run, or its data are gone.
        ModelError: the run has no weights yet.
    """
    processes = processes or Processes()
    config = run.read_config()
    samples = LabelledFolder.open(
        config.data, config.val_split, layout=config.layout, classes=config.classes
    )
    model, card = load_weights(run.best)
    model = model.to(processes.device)
    counts = count_by_picture(model, samples, processes)  # (P, K, K)
    confusion = counts.sum(0)
    scores = Scores.of(confusion, card.classes.names)

    run.report.mkdir(exist_ok=True)
    plot_curves(run.report / "curves.png", run.rounds())
    plot_confusion(run.report / "confusion.png", confusion, card.classes)
    plot_iou(run.report / "iou.png", scores, card.classes)
    by_picture = mean_iou_by_picture(counts)
    order = [int(p) for p in np.argsort(by_picture) if by_picture[p] == by_picture[p]]
    num_examples = min(_NUM_EXAMPLES, (len(order) + 1) // 2)
    worst, best = order[:num_examples], order[::-1][:num_examples]
    examples: dict[str, list[tuple[str, str, float]]] = {"Worst": [], "Best": []}
    for kind, chosen in (("Worst", worst), ("Best", best)):
        for rank, index in enumerate(chosen):
            picture, truth = samples[index]
            labels = label_picture(model, picture, processes.device)
            name = f"{kind.lower()}-{rank + 1}.png"
            write_example(run.report / name, picture, truth, labels, card.classes)
            title = samples.pairs[index][0].stem
            examples[kind].append((name, title, float(by_picture[index])))

    page = _template().render(
        card=card,
        classes=list(zip(card.classes.names, card.classes.colours, strict=True)),
        config=run.config.read_text(encoding="utf-8"),
        environment=json.loads(run.environment.read_text(encoding="utf-8")),
        examples=examples,
        num_pictures=len(samples),
        rounds=run.rounds(),
        scores=scores,
        split=config.val_split,
    )
    path = run.report / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _template() -> jinja2.Template:
    source = resources.files(__package__) / "report.html.j2"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(source.read_text(encoding="utf-8"))
