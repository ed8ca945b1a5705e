"""``evaluate``: score a network."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from maskstream.pipeline.config_file import parse_config
from maskstream.training.dataset import LabelledFolder, Labels, Picture

if TYPE_CHECKING:
    from maskstream.models.engines import Engine
    from maskstream.training.evaluate import Predict, Scores

__all__ = ["evaluate"]


def evaluate(
    data: Annotated[Path, typer.Option(metavar="DIR", help="The labelled pictures.")],
    split: Annotated[str, typer.Option(help="Which of them.")] = "val",
    model: Annotated[str | None, typer.Option(help="An embedded model.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Your own weights.")] = None,
    engine: Annotated[str, typer.Option(help="auto, torch or openvino.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16, fp16.")] = "auto",
    size: Annotated[
        str,
        typer.Option(
            metavar="WxH", help="Network input; auto is 4/3 of the picture's size."
        ),
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a network as the FCN paper does, over one split of labelled pictures."""
    from maskstream.models.engines import open_engine
    from maskstream.models.weights import DEFAULT_WEIGHTS, load_weights
    from maskstream.training.evaluate import evaluate as score

    settings = parse_config(
        {
            "model": {
                "engine": engine,
                "device": device,
                "precision": precision,
                "size": size,
            }
        }
    ).model
    network, card = load_weights(weights or model or DEFAULT_WEIGHTS)
    folder = LabelledFolder.open(data, split)
    with closing(
        open_engine(
            network,
            engine=settings.engine,
            device=settings.device,
            precision=settings.precision,
        )
    ) as opened:
        scores = score(_predictor(opened, settings.size), folder, card.classes)
    if as_json:
        typer.echo(scores.to_json())
    else:
        _print_scores(scores)


def _predictor(engine: Engine, size_hw: tuple[int, int] | None) -> Predict:
    """Label pictures at ``size_hw``, or at a size near the picture's own."""

    def predict(picture: Picture, labels_hw: tuple[int, int]) -> Labels:
        height, width = picture.shape[:2]
        network_hw = size_hw or _enlarged(height, width)
        if network_hw != (height, width):
            shrinks = network_hw[0] < height
            how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            picture = np.asarray(
                cv2.resize(picture, network_hw[::-1], interpolation=how), np.uint8
            )
        return engine.submit([picture], [labels_hw]).labels()[0]

    return predict


def _enlarged(height: int, width: int) -> tuple[int, int]:
    """Choose 4/3 of the picture's size, in steps of 32.

    CamVid's val pictures, 480x360, scored best there: .721 at 480x352, .729 at 576x448,
    .733 at 640x480, .731 at 704x512 with the embedded weights.
    """
    return round(height / 24) * 32, round(width / 24) * 32


def _print_scores(scores: Scores) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    for name in (
        "pixel_accuracy",
        "mean_accuracy",
        "mean_iou",
        "frequency_weighted_iou",
    ):
        table.add_row(name.replace("_", " "), f"{getattr(scores, name):.4f}")
    for name, iou in scores.per_class_iou.items():
        table.add_row(f"  IoU {name}", f"{iou:.4f}")
    Console(highlight=False).print(table)
