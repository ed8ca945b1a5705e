"""``train`` and ``evaluate``: make a network, and score one."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cv2
import numpy as np
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from maskstream.models.classes import ClassTable
from maskstream.pipeline.config_file import parse_config
from maskstream.pipeline.errors import ConfigError
from maskstream.training.config import TrainConfig
from maskstream.training.dataset import LabelledFolder, Labels, Picture

if TYPE_CHECKING:
    from maskstream.models.engines import Engine
    from maskstream.training.evaluate import Predict, Scores

__all__ = ["evaluate", "train"]


def _setting(name: str) -> Any:
    """Make an option of a setting of `TrainConfig`, with its own description."""
    return typer.Option(
        help=TrainConfig.model_fields[name].description, show_default=False
    )


def train(
    data: Annotated[Path, typer.Option(metavar="DIR", help="The labelled pictures.")],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the run.")],
    model: Annotated[str | None, _setting("model")] = None,
    backbone_weights: Annotated[Path | None, _setting("backbone_weights")] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            metavar="JSON", help="Class table of your own data; CamVid's by default."
        ),
    ] = None,
    train_split: Annotated[str | None, _setting("train_split")] = None,
    val_split: Annotated[str | None, _setting("val_split")] = None,
    epochs: Annotated[int | None, _setting("epochs")] = None,
    batch_size: Annotated[int | None, _setting("batch_size")] = None,
    crop: Annotated[int | None, _setting("crop")] = None,
    min_scale: Annotated[float | None, _setting("min_scale")] = None,
    max_scale: Annotated[float | None, _setting("max_scale")] = None,
    learning_rate: Annotated[float | None, _setting("learning_rate")] = None,
    weight_decay: Annotated[float | None, _setting("weight_decay")] = None,
    warmup_epochs: Annotated[float | None, _setting("warmup_epochs")] = None,
    ema_decay: Annotated[float | None, _setting("ema_decay")] = None,
    data_name: Annotated[str | None, _setting("data_name")] = None,
    licence: Annotated[str | None, _setting("licence")] = None,
    seed: Annotated[int | None, _setting("seed")] = None,
    threads: Annotated[int | None, _setting("threads")] = None,
) -> None:
    """Train FCN-8s on a folder of labelled pictures.

    DIR holds images/SPLIT/NAME.jpg and labels/SPLIT/NAME.png (a class id per pixel).
    """
    from maskstream.training.train import train as run_training

    settings = {
        "data_dir": data,
        "output_dir": output,
        "model": model,
        "backbone_weights": backbone_weights,
        "classes": None if classes is None else _read_classes(classes),
        "train_split": train_split,
        "val_split": val_split,
        "epochs": epochs,
        "batch_size": batch_size,
        "crop": crop,
        "min_scale": min_scale,
        "max_scale": max_scale,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "warmup_epochs": warmup_epochs,
        "ema_decay": ema_decay,
        "data_name": data_name,
        "licence": licence,
        "seed": seed,
        "threads": threads,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    try:
        config = TrainConfig.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise ConfigError(
            f"--{option}: {first['msg'].lower()}, got {first['input']!r}"
        ) from None
    logging.getLogger("maskstream").setLevel(logging.INFO)  # a line an epoch
    typer.echo(f"the best weights are in {run_training(config)}")


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


def _read_classes(path: Path) -> ClassTable:
    try:
        return ClassTable.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: not a class table: {error}") from None


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
