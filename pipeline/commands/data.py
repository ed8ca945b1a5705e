"""``data``: look at labelled pictures before a network learns from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from maskstream.models.replacing import replacing
from maskstream.pipeline.console import print_error
from maskstream.stages.output import check_output

if TYPE_CHECKING:
    from maskstream.models.classes import ClassTable
    from maskstream.training.data_check import DataCheck, SplitCheck
    from maskstream.training.dataset import LabelledFolder

__all__ = ["data"]

data = typer.Typer(no_args_is_help=True)

_MAX_EXAMPLES = 24  # on the sheet, shared by the splits, of which each has one
_MAX_TROUBLES = 20  # told of each split


@data.callback()
def _describe() -> None:
    """Look at labelled pictures before a network learns from them."""


@data.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The data set.")],
    layout: Annotated[
        str, typer.Option(help="Of its files; found by looking at them.")
    ] = "auto",
    classes: Annotated[
        Path | None,
        typer.Option(metavar="JSON", help="Class table, if the folder has none."),
    ] = None,
    sheet: Annotated[
        Path, typer.Option(metavar="PNG", help="Where the contact sheet goes.")
    ] = Path("contact-sheet.png"),
) -> None:
    """Read all pictures and labels; show counts, class shares and a contact sheet.

    Exits with 1 when a file cannot be used; each is named.
    """
    from maskstream.training.data_check import check_data
    from maskstream.training.datasets.class_file import read_class_file

    check_output(sheet, suffixes=(".png",), overwrite=True)
    table = None if classes is None else read_class_file(classes).classes
    found = check_data(folder, layout, table)
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    console.print(f"layout: {found.layout.name}")
    if found.splits:
        console.print(_counts(found.splits))
        some = next(iter(found.folders.values()))
        console.print(_shares(found.splits, some.classes))
    if any(split.examples for split in found.splits.values()):
        _save_sheet(sheet, found.folders, found.splits)
        console.print(f"the contact sheet is {sheet}")
    unused = [path for path in found.unused if path.resolve() != sheet.resolve()]
    if unused and found.layout.name != "folder":
        # Published ones have more pictures than labels, or more kinds of labels.
        console.print(f"in no split: {len(unused)} pictures, such as {unused[0]}")
        unused.clear()
    troubles = _troubles(found, unused)
    for trouble in troubles:
        print_error(trouble)
    if troubles:
        raise typer.Exit(1)


def _troubles(found: DataCheck, unused: list[Path]) -> list[str]:
    """Tell what is wrong, a sentence a file, and not too many."""
    told = list(found.troubles)
    kinds = {split: check.troubles for split, check in found.splits.items()}
    kinds["in no split"] = [
        f"{path}: in no split; wanted is {found.layout.looks}" for path in unused
    ]
    for what, sentences in kinds.items():
        told += sentences[:_MAX_TROUBLES]
        if len(sentences) > _MAX_TROUBLES:
            told.append(f"{what}: {len(sentences) - _MAX_TROUBLES} more files")
    return told


def _counts(checks: dict[str, SplitCheck]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("split", "pictures", "sizes", "void"):
        table.add_column(column)
    for split, check in checks.items():
        sizes = [f"{w}x{h}" for (h, w), _ in check.sizes.most_common(3)]
        more = ", ..." if len(check.sizes) > len(sizes) else ""
        table.add_row(
            split,
            str(check.num_pictures),
            ", ".join(sizes) + more,
            f"{check.void_share:.1%}",
        )
    return table


def _shares(checks: dict[str, SplitCheck], classes: ClassTable) -> Table:
    """Show for each class its share of the pixels and the pictures that hold it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("id", justify="right")
    table.add_column("class")
    for split in checks:
        table.add_column(f"{split}: pixels", justify="right")
        table.add_column("pictures", justify="right")
    for class_id, name in enumerate(classes.names):
        cells = []
        for check in checks.values():
            cells.append(f"{check.class_shares[class_id]:.2%}")
            cells.append(str(check.pictures_with_class[class_id]))
        table.add_row(str(class_id), name, *cells)
    return table


def _save_sheet(
    path: Path, folders: dict[str, LabelledFolder], checks: dict[str, SplitCheck]
) -> None:
    """Draw pictures from all over each split.

    Raises:
        SinkError: if the sheet cannot be written.
    """
    import cv2
    import numpy as np

    from maskstream.training.contact_sheet import draw_contact_sheet

    samples = []
    for split, check in checks.items():
        num = min(len(check.examples), max(1, _MAX_EXAMPLES // len(checks)))
        for place in np.linspace(0, len(check.examples) - 1, num).astype(int):
            index = check.examples[place]
            name = folders[split].pairs[index][0].stem
            samples.append((f"{split} {name}", *folders[split][index]))
    sheet = draw_contact_sheet(samples, next(iter(folders.values())).classes)
    is_encoded, png = cv2.imencode(".png", sheet[..., ::-1])
    assert is_encoded
    with replacing(path) as part:
        part.write_bytes(png.tobytes())
