"""``models``: the family, what each network costs, sees and has weights for."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from maskstream.pipeline.config_file import parse_config
from maskstream.pipeline.console import unbroken_console
from maskstream.pipeline.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from maskstream.models.summary import NetworkSummary

__all__ = ["models"]

_logger = logging.getLogger(__name__)


def models(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="Networks: fcn8s-vgg16-paper, fcn16s-timm:resnet18-slim, ...; "
            "a choice of them unless given.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str, typer.Option(metavar="WxH", help="Of the picture that is counted for.")
    ] = "512x288",
    classes: Annotated[int, typer.Option(min=1, help="Of the scores.")] = 11,
    weights: Annotated[
        Path, typer.Option(metavar="DIR", help="Where to look for weights, too.")
    ] = Path("weights"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List networks with their cost, how far they see, and the weights at hand.

    A name is fcn8s, fcn16s or fcn32s, -atonce if all streams are learnt together, a
    backbone and a head (paper, lecture, slim, torchvision); options follow commas.
    """
    from maskstream.models.at_hand import weights_at_hand
    from maskstream.models.summary import MEMBERS, summarise

    size_hw = parse_config({"model": {"size": size}}).model.size
    if size_hw is None:
        raise ConfigError(f"--size must be a width and a height as 512x288, got {size}")
    at_hand: dict[str, list[str]] = defaultdict(list)
    for found in weights_at_hand(weights):
        at_hand[found.card.model].append(found.name)
    summaries = [summarise(name, classes, size_hw) for name in names or MEMBERS]
    if not names:
        for name in [name for name in at_hand if name not in MEMBERS]:
            try:
                summaries.append(summarise(name, classes, size_hw))
            except ModelError as error:  # a card from elsewhere, or from later on
                _logger.warning("%s: %s", ", ".join(at_hand[name]), error)
    if as_json:
        rows = [
            {**asdict(one), "weights": at_hand.get(one.name, [])} for one in summaries
        ]
        typer.echo(json.dumps(rows, indent=2))
    else:
        _print(summaries, at_hand, size)


def _print(
    summaries: list[NetworkSummary], at_hand: dict[str, list[str]], size: str
) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    table.add_column("network", overflow="fold")
    for column in ("M param", "GFLOP", "stride", "sees"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("weights at hand", overflow="fold")
    for one in summaries:
        sees = one.receptive_field
        table.add_row(
            one.name,
            f"{one.parameters / 1e6:.1f}",
            f"{one.gflop:.1f}",
            str(one.stride),
            "all" if sees is None else f"{sees} px",
            "\n".join(at_hand.get(one.name, [])),
        )
    table.caption = (
        f"GFLOP: of one picture of {size}, a multiplication and an addition being two. "
        "sees: the side of what the deepest score depends on."
    )
    unbroken_console(soft_wrap=False).print(table)
