"""``label-with``: labels for pictures that have none, by networks trained elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskstream.pipeline.errors import ConfigError

__all__ = ["label_with"]


def label_with(
    teachers: Annotated[
        list[Path],
        typer.Option("--teacher", "-t", metavar="FILE", help="Give it twice or more."),
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Pictures, folders of them, clips."),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder of the data set."),
    ],
    frames: Annotated[int, typer.Option(min=1, help="From each clip.")] = 40,
    shorter_side: Annotated[
        int, typer.Option(min=32, help="Larger pictures are made as small as this.")
    ] = 360,
    split: Annotated[str, typer.Option(help="Split they are written to.")] = "train",
) -> None:
    """Label pictures where networks that others trained agree, to learn from them.

    A teacher is ESPNetv2 (.pth), MOSAIC (.tflite) or TwinLiteNetPlus (.onnx). Pixels
    on which they differ are void.
    """
    from maskstream.training.teachers import open_teacher, pictures_of, write_taught

    if len(teachers) < 2:
        raise ConfigError(
            f"labels are what teachers agree on, which takes two, got {len(teachers)}"
        )
    opened = [open_teacher(path) for path in teachers]
    count, share = write_taught(
        opened,
        pictures_of(sources, frames=frames, shorter_side=shorter_side),
        output,
        split=split,
    )
    typer.echo(f"{count} pictures in {output}, {share:.0%} of their pixels labelled")
