"""``weights``: what is there, what a file holds, weights of others, other runtimes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from maskstream.models.card import CONVERTED
from maskstream.pipeline.commands.imported import describe_imported, print_imported
from maskstream.pipeline.commands.real_pictures import pick_pictures
from maskstream.pipeline.console import unbroken_console
from maskstream.pipeline.errors import ConfigError, SourceError
from maskstream.stages.output import check_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from maskstream.models.card import ModelCard

__all__ = ["weights"]

weights = typer.Typer(no_args_is_help=True)

_SAMPLE = "sample:street"
_NUM_PICTURES = 8  # that an export is compared on

_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file.")]
_Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The network, or the backbone alone, where the file cannot tell.",
    ),
]


@weights.callback()
def _describe() -> None:
    """Weights: list and show them, import those of others, export to runtimes."""


@weights.command("list")
def list_weights(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to look, too.")
    ] = Path("weights"),
) -> None:
    """List the weights at hand: embedded, in a folder, and fetched before."""
    from maskstream.models.at_hand import weights_at_hand

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("weights", no_wrap=True)
    for name in ("model", "classes", "MB", "scores"):
        table.add_column(name)
    for found in weights_at_hand(folder):
        table.add_row(
            found.name,
            found.card.model,
            str(len(found.card.classes)),
            f"{found.path.stat().st_size / 1e6:.1f}",
            _tell_scores(found.card),
        )
    unbroken_console().print(table)


@weights.command()
def show(
    file: Annotated[str, typer.Argument(metavar="WEIGHTS", help="A name or a file.")],
    model: _Model = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the model card of weights; of a foreign file, what would be imported."""
    from maskstream.models.card import find_weights, has_card, read_card
    from maskstream.models.importing import import_weights

    path = find_weights(file)
    if not has_card(path):
        imported = import_weights(path, model=model)
        if as_json:
            typer.echo(json.dumps(describe_imported(imported), indent=2))
        else:
            print_imported(imported)
        return
    card = read_card(path)
    if as_json:
        typer.echo(card.to_json())
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _rows(card).items():
        table.add_row(name, value)
    unbroken_console().print(table)


@weights.command()
def average(
    files: Annotated[
        list[str], typer.Argument(metavar="WEIGHTS...", help="Names or files.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Safetensors.")],
    share: Annotated[
        list[float] | None,
        typer.Option(help="What each counts, in their order; all the same without."),
    ] = None,
    overwrite: _Overwrite = False,
) -> None:
    """Average trainings of one network, such as one before and after fine-tuning."""
    from maskstream.models.averaging import average_weights
    from maskstream.models.weights import save_weights

    check_output(output, suffixes=(".safetensors",), overwrite=overwrite)
    network, card = average_weights(files, share)
    save_weights(output, network, card)
    unbroken_console().print(f"{output}: the mean of {len(files)} x {card.model}")


@weights.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help=".pth, .caffemodel, .h5 or .safetensors."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The .safetensors to write.")
    ],
    model: _Model = None,
    classes: Annotated[
        Path | None, typer.Option(metavar="JSON", help="Class table of the network.")
    ] = None,
    licence: Annotated[
        str, typer.Option(help="What the weights may be used for, for the card.")
    ] = "",
    overwrite: _Overwrite = False,
) -> None:
    """Import weights of caffe, pytorch-fcn, torchvision, mmsegmentation or Keras.

    Every tensor that does not match is told. Nothing is written unless the network, or
    the backbone, is whole.
    """
    from maskstream.models.importing import import_weights, save_imported
    from maskstream.training.datasets.class_file import read_class_file

    table = None if classes is None else read_class_file(classes).classes
    check_output(output, suffixes=(".safetensors",), overwrite=overwrite)
    imported = import_weights(file, model=model)
    print_imported(imported)
    card = save_imported(imported, output, classes=table, licence=licence)
    use = f"--weights {output}" if card else f"train with backbone_weights={output}"
    typer.echo(f"{output} is written: {use}")


@weights.command()
def export(
    file: Annotated[str, typer.Argument(metavar="WEIGHTS", help="A name or a file.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help=".onnx, .xml or .pt2 to write.")
    ],
    format_: Annotated[
        str | None, typer.Option("--format", help="onnx, openvino or torch-export.")
    ] = None,
    pictures: Annotated[
        str,
        typer.Option(metavar="INPUT", help="A clip or a folder to compare labels on."),
    ] = _SAMPLE,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="Of 8 bits, for `run --weights` and, named as the weights with "
            ".int8.xml and beside them, for --precision auto.",
        ),
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="For --int8: calibrated on train, judged on val."
        ),
    ] = None,
    calibrate: Annotated[
        str | None,
        typer.Option(metavar="CLIP", help="For --int8, without labels: a clip."),
    ] = None,
    overwrite: _Overwrite = False,
) -> None:
    """Export for another runtime: pixels in, labels out.

    The export is run on real pictures and refused where its labels differ.
    """
    if int8:
        if format_ is not None:
            raise ConfigError("--int8 is a form of this program; leave --format out")
        from maskstream.models.weights_file import WeightsFile
        from maskstream.pipeline.commands.int8 import export_int8

        _check_files(output, CONVERTED, ".bin", overwrite=overwrite)
        found = export_int8(WeightsFile.find(file), output, data=data, clip=calibrate)
        typer.echo(f"{output} is written: {found}")
        return
    from maskstream.models.exporting import FORMATS, export_network
    from maskstream.models.weights import load_weights

    if format_ not in FORMATS:
        raise ConfigError(
            f"--format must be one of {', '.join(FORMATS)}, got {format_!r}"
        )
    chosen = FORMATS[format_]
    _check_files(output, chosen.suffix, chosen.beside, overwrite=overwrite)
    picked = _pick(pictures)
    network, card = load_weights(file)
    agreement = export_network(network, card, chosen, output, picked)
    typer.echo(
        f"{output} is written: labels agree on {agreement.mean:.4%} of the pixels of "
        f"{agreement.num_pictures} pictures, on {agreement.worst:.4%} of the worst"
    )


def _check_files(
    output: Path, suffix: str, beside: str | None, *, overwrite: bool
) -> None:
    check_output(output, suffixes=(suffix,), overwrite=overwrite)
    if beside is not None:
        other = output.with_suffix(beside)
        check_output(other, suffixes=(beside,), overwrite=overwrite)


def _pick(given: str) -> list[NDArray[np.uint8]]:
    try:
        return pick_pictures(given, _NUM_PICTURES)
    except SourceError as error:
        if given != _SAMPLE:
            raise
        raise ConfigError(
            "an export is compared on real pictures: name a clip or a folder with "
            '--pictures, or pip install "maskstream[sample]" for one'
        ) from error


def _rows(card: ModelCard) -> Mapping[str, str]:
    """Tell what a card says, leaving out what it does not."""
    size = card.training_size_hw
    rows = {
        "model": card.model,
        "classes": ", ".join(card.classes.names),
        "input": card.preprocessing,
        "data": card.data,
        "licence": card.licence,
        "made by": card.training_command,
        "imported from": card.source,
        "learnt at": f"{size[1]}x{size[0]}" if size else "",
        "scores": _tell_scores(card),
    }
    return {name: value for name, value in rows.items() if value}


def _tell_scores(card: ModelCard) -> str:
    return ", ".join(f"{name} {score:g}" for name, score in card.scores.items())
