"""``heatmaps``: see how sure the network is of each class, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from maskstream.models.replacing import replacing
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.config_file import parse_config
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.decode import Decoder
from maskstream.stages.network_input import network_picture, network_size
from maskstream.stages.output import check_output_folder, explain_failure
from maskstream.stages.source import Source, expand_inputs

if TYPE_CHECKING:
    from maskstream.pipeline.frame import Frame

__all__ = ["heatmaps"]


def heatmaps(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Pictures and videos.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="For the PNGs.")
    ],
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="NAME", help="Only this; may be given again."),
    ] = None,
    before_upsampling: Annotated[
        bool,
        typer.Option(
            "--before-upsampling", help="Show the network's own, coarse samples."
        ),
    ] = False,
    every: Annotated[
        float, typer.Option(min=0, metavar="S", help="Seconds between frames.")
    ] = 1.0,
    model: Annotated[str | None, typer.Option(help="An embedded model.")] = None,
    weights: Annotated[str | None, typer.Option(help="Your own weights.")] = None,
    size: Annotated[
        str,
        typer.Option(metavar="WxH", help="Network input; auto as in maskstream run."),
    ] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite")] = False,
) -> None:
    """Draw the probability of each class over pictures and over frames of videos.

    Files are DIR/INPUT-FRAME-CLASS.png; black is 0, yellow is 1.
    """
    from maskstream.models.heatmaps import draw_heatmap
    from maskstream.models.heatmaps import heatmaps as compute
    from maskstream.models.weights import DEFAULT_WEIGHTS, load_weights

    check_output_folder(output, overwrite=overwrite)
    network_hw = parse_config({"model": {"size": size}}).model.size
    sources = expand_inputs(inputs)
    for source in sources:
        _check_jpegs(source)
    network, card = load_weights(weights or model or DEFAULT_WEIGHTS)
    names = classes or card.classes.names
    wanted = {name: card.classes.index(name) for name in names}
    with explain_failure(output, kept=output):
        output.mkdir(exist_ok=True)
    for source in sources:
        for frame in _spaced(source, every):
            seen, shown = _pictures(frame, network_hw)
            maps = compute(
                network, seen, shown.shape[:2], upsampled=not before_upsampling
            )
            for name, class_id in wanted.items():
                path = output / f"{source.name}-{frame.index:06d}-{_safe(name)}.png"
                _write_png(path, draw_heatmap(maps[class_id], shown))
    typer.echo(f"the heat maps are in {output}")


def _check_jpegs(source: Source) -> None:
    """Refuse pictures cut short: FFmpeg makes the rest of a JPEG grey and goes on."""
    from maskstream.training.datasets.labels import read_picture

    for path in source.pictures:
        if path.suffix.lower() in (".jpg", ".jpeg"):
            read_picture(path)


def _spaced(source: Source, every_s: float) -> Iterator[Frame]:
    """Decode a frame, and then those that are shown ``every_s`` later or more.

    Pictures are all taken: the time between them is made up.
    """
    ledger = Ledger()
    decoder = Decoder(source, source.name, ledger, monotonic_clock)
    next_s = float("-inf")
    for frame in decoder():
        if source.pictures or frame.pts_seconds >= next_s:
            next_s = frame.pts_seconds + every_s
            yield frame


def _pictures(
    frame: Frame, network_hw: tuple[int, int] | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Make what the network sees and what a person sees, both upright RGB."""
    form = frame.format
    network_hw = network_hw or network_size(form.height, form.width, form.rotation)
    upright_hw = (form.height, form.width)
    if form.rotation % 180:
        upright_hw = (form.width, form.height)
    return (
        network_picture(frame.picture, form.rotation, network_hw),
        network_picture(frame.picture, form.rotation, upright_hw),
    )


def _safe(name: str) -> str:
    """Make the name of a class fit for a file."""
    return re.sub(r"[^\w.-]+", "-", name)


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    is_encoded, png = cv2.imencode(".png", pixels[..., ::-1])
    assert is_encoded
    with replacing(path) as part:
        part.write_bytes(png.tobytes())
