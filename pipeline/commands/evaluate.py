"""``evaluate``: score a network on labelled pictures or a clip."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from maskstream.models.replacing import replacing
from maskstream.pipeline.commands.evaluation_samples import open_samples
from maskstream.pipeline.commands.evaluation_table import print_evaluation
from maskstream.pipeline.config import ModelConfig, RecordsConfig
from maskstream.pipeline.config_file import parse_config
from maskstream.pipeline.errors import ConfigError
from maskstream.stages.output import check_output

if TYPE_CHECKING:
    from maskstream.models.classes import ClassTable
    from maskstream.models.weights_file import WeightsFile
    from maskstream.training.datasets import Labels
    from maskstream.training.evaluate import FindBoxes
    from maskstream.training.metrics import Scores
    from maskstream.training.predict import Predict

__all__ = ["evaluate"]


def evaluate(
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Labelled pictures.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which of them.")] = "val",
    layout: Annotated[
        str, typer.Option(help="Of their files; found by looking at them.")
    ] = "auto",
    clip: Annotated[
        Path | None, typer.Option(metavar="VIDEO", help="Or a clip: flicker, too.")
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(
            help="Its true masks: a mask track, or a folder with an image a frame."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="An embedded model.")] = None,
    weights: Annotated[str | None, typer.Option(help="Your own weights.")] = None,
    engine: Annotated[str, typer.Option(help="auto, torch or openvino.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    precision: Annotated[
        str, typer.Option(help="auto, fp32, bf16, fp16, int8.")
    ] = "auto",
    size: Annotated[
        str,
        typer.Option(
            metavar="WxH", help="Network input; auto is 4/3 of the picture's size."
        ),
    ] = "auto",
    scales: Annotated[
        str | None,
        typer.Option(help="Mean over these sizes, as 0.75,1,1.25; in torch and fp32."),
    ] = None,
    flip: Annotated[
        bool, typer.Option("--flip", help="Mean with the mirrored picture; likewise.")
    ] = False,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="Score boxes around things as COCO does.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="ENGINE[/PRECISION]", help="Compare with another engine's labels."
        ),
    ] = None,
    confusion_png: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the confusion matrix.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a network as the FCN paper does, on labelled pictures or a clip.

    Also how well contours are followed, on a clip how steady the labels are, and, if
    asked for, boxes around things and another engine's agreement.
    """
    from maskstream.models.card import DEFAULT_WEIGHTS
    from maskstream.models.weights_file import WeightsFile
    from maskstream.training.evaluate import evaluate as score

    if confusion_png is not None:
        check_output(confusion_png, suffixes=(".png",), overwrite=True)
    settings = _settings(engine, device, precision, size)
    other = None
    if against is not None:
        other_engine, _, other_precision = against.partition("/")
        try:
            other = _settings(other_engine, device, other_precision or "auto", size)
        except ConfigError as error:
            told = str(error).replace("model.", "its ")
            raise ConfigError(f"--against {against}: {told}") from error
    network = WeightsFile.find(weights or model or DEFAULT_WEIGHTS)
    known = network.card.classes
    samples = open_samples(data, split, layout, clip, masks, known)
    console = Console(emoji=False, stderr=True)
    with ExitStack() as engines:
        if scales is not None or flip:
            predict = _multi_scale(network, settings, _read_scales(scales or "1"), flip)
            by = "torch in fp32"
        else:
            predict, by = _open(engines, network, settings)
        others, others_by = None, None
        if other is not None:
            others, others_by = _open(engines, network, other)
            if others_by == by:
                raise ConfigError(
                    f"--against {against}: {by} is what labels already; name another "
                    "engine or precision"
                )
        evaluation = score(
            predict,
            track(
                samples,
                "labelling",
                console=console,
                transient=True,
                disable=not console.is_terminal,
            ),
            known,
            find_boxes=_box_finder(known) if boxes else None,
            other=others,
            is_clip=clip is not None,
        )
    evaluation = replace(evaluation, labelled_by=by, compared_with=others_by)
    if as_json:
        typer.echo(evaluation.to_json())
    else:
        print_evaluation(evaluation)
    if confusion_png is not None:  # last: a full disk should not cost the scores
        _draw_confusion(confusion_png, evaluation.scores, known)


def _settings(engine: str, device: str, precision: str, size: str) -> ModelConfig:
    given = {"engine": engine, "device": device, "precision": precision, "size": size}
    return parse_config({"model": given}).model


def _open(
    engines: ExitStack, network: WeightsFile, settings: ModelConfig
) -> tuple[Predict, str]:
    """Open an engine, to be closed with the others, and say which it became."""
    from maskstream.models.engines import open_engine
    from maskstream.training.predict import engine_predictor

    engine = open_engine(
        network,
        engine=settings.engine,
        device=settings.device,
        precision=settings.precision,
    )
    engines.enter_context(closing(engine))
    told = f"{engine.name} in {engine.precision}"
    return engine_predictor(engine, settings.size), told


def _multi_scale(
    network: WeightsFile, settings: ModelConfig, scales: tuple[float, ...], flip: bool
) -> Predict:
    from maskstream.models.engines.select import Machine, choose
    from maskstream.training.predict import multi_scale_predictor

    is_torch = settings.engine in ("auto", "torch")
    if not is_torch or settings.precision not in ("auto", "fp32"):
        raise ConfigError(
            "--scales and --flip take the mean of probabilities, in torch and fp32 "
            f"alone, got {settings.engine} and {settings.precision}"
        )
    device = choose("torch", settings.device, "fp32", Machine.look()).device
    return multi_scale_predictor(
        network.load(), settings.size, scales=scales, flip=flip, device=device
    )


def _read_scales(text: str) -> tuple[float, ...]:
    try:
        scales = tuple(float(word) for word in text.split(","))
    except ValueError:
        scales = ()
    if not scales or not all(0.1 <= scale <= 4 for scale in scales):
        raise ConfigError(
            f"--scales must be numbers from 0.1 to 4 as 0.75,1,1.25, got {text!r}"
        )
    return scales


def _draw_confusion(path: Path, scores: Scores, classes: ClassTable) -> None:
    try:
        from maskstream.training.report.plots import plot_confusion
    except ImportError as error:
        raise ConfigError(
            f"a confusion matrix is drawn by {error.name}, which is not here; "
            'run pip install "maskstream[train]"'
        ) from error
    with replacing(path) as part:
        plot_confusion(part, scores.confusion, classes)


def _box_finder(classes: ClassTable) -> FindBoxes:
    """Find things as the records of a run do."""
    from maskstream.stages.objects import find_objects
    from maskstream.training.metrics import Box

    min_area: int = RecordsConfig.model_fields["min_area"].default

    def find_boxes(labels: Labels) -> list[Box]:
        return [
            Box(it.class_name, it.left, it.top, it.width, it.height)
            for it in find_objects(labels, classes, min_area)
        ]

    return find_boxes
