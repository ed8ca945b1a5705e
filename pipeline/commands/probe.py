"""``probe`` and ``verify``: look at an input; prove an output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from maskstream.stages.probe import describe
from maskstream.stages.source import expand_inputs
from maskstream.stages.verify import verify as compare

__all__ = ["probe", "verify"]


def probe(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what an input is, and what the network would see of it."""
    found = [describe(source) for source in expand_inputs(inputs)]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    for one in found:
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in _rows(one):
            table.add_row(name, value)
        console.print(table)


def verify(
    source: Annotated[Path, typer.Argument(metavar="IN", help="What was segmented.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="What came of it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove that OUT keeps the times, the sound, the orientation and colours of IN.

    Exits with 1 when something differs.
    """
    report = compare(source, output)
    if as_json:
        typer.echo(
            json.dumps({"ok": report.ok, "differences": report.differences}, indent=2)
        )
    else:
        table = Table("what", "in", "out", "", box=box.SIMPLE_HEAD, pad_edge=False)
        for row in report.rows:
            table.add_row(
                row.what,
                row.source,
                row.output,
                "kept" if row.difference is None else "DIFFERS",
            )
        console = Console(emoji=False, highlight=False, soft_wrap=True)
        console.print(table)
        for difference in report.differences:
            console.print(difference, markup=False)
    raise typer.Exit(0 if report.ok else 1)


def _rows(description: dict[str, Any]) -> list[tuple[str, str]]:
    """Flatten one level of nesting for a table of names and values."""
    rows = []
    for name, value in description.items():
        if isinstance(value, dict):
            rows += [(f"{name} {key}", str(one)) for key, one in value.items()]
        elif isinstance(value, list):
            rows += [(name, one) for one in value]
        else:
            rows.append((name, str(value)))
    return [(name.replace("_", " "), value) for name, value in rows if value != "None"]
