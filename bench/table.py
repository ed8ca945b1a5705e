"""The report on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from maskstream.bench.costs import Cost, Spread, spreads
from maskstream.bench.report import Report

__all__ = ["print_report", "spread_text", "summary_lines"]


_WIDTH = 110  # where it is no terminal, rich takes 80


def spread_text(spread: Spread, digits: int = 2) -> str:
    """Write a median with what the rounds ranged over."""
    return (
        f"{spread.median:.{digits}f} "
        f"({spread.least:.{digits}f} to {spread.most:.{digits}f})"
    )


def summary_lines(report: Report) -> list[str]:
    """Say what the tables come to, in sentences."""
    limit, live, program = report.limit, report.live.to_json(), report.program
    by = (
        f"with {report.machine.cores} cores busy all the time"
        if limit.is_of_cores
        else f"so long takes {limit.longest} alone"
    )
    labels, encoded = live["to_labels_ms"], live["to_encoded_ms"]
    lines = [
        f"pipeline: {spread_text(report.fps, 1)} frames a second; its parts allow "
        f"{1e3 / limit.ms:.1f} ({by}); ratio {spread_text(report.ratio)}",
        f"bottleneck: {report.bottleneck}; {report.advice}",
        f"latency at {live['decoded_fps']:g} frames a second, p50 / p95 / p99: to "
        f"labels {_three(labels)} ms, to the encoded picture {_three(encoded)} ms; "
        f"{live['held']} held, {live['dropped']} dropped of {live['decoded']}",
        f"the program by itself: {program.frames} frames, {program.fps:.1f} a second, "
        f"{program.core_ms:.1f} core-ms a frame, peak memory {program.peak_mb:.0f} MB, "
        f"{program.loading_s:.1f} s of loading before, from a warm cache",
    ]
    if report.machine.is_busy:
        lines.append("something else ran: these are figures of a busy machine")
    return lines


def _three(latency: dict[str, float]) -> str:
    return " / ".join(f"{latency[name]:.1f}" for name in ("p50", "p95", "p99"))


def print_report(report: Report) -> None:
    """Print the report on stdout."""
    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, _WIDTH)
    machine, clip, network = report.machine, report.clip, report.network
    console.print(
        f"{clip['name']}: {clip['width']}x{clip['height']}, {clip['frames']} frames; "
        f"{network['model']} on {network['engine']} {network['precision']}, "
        f"{network['size']}, batch {network['batch']}",
        str(machine),
        sep="\n",
        markup=False,
    )
    table = _table("part alone")
    for name in report.names:
        _row(table, name, report.rounds_of(name), is_bold=name == report.bottleneck)
    table.add_section()
    cores_ms = sum(report.median(name).core_ms for name in report.names)
    table.add_row("sum of the parts", "", f"{cores_ms:.2f}")
    _row(table, "pipeline", [whole.cost for whole in report.wholes])
    console.print(table)
    table = _table("network alone")
    for one in report.networks:
        _row(table, one.variant.name, one.rounds, is_bold=one.is_chosen)
    console.print(table)
    for line in summary_lines(report):
        console.print(line, markup=False)


def _table(title: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(title)
    for column in ("ms a frame (least to most)", "core-ms a frame"):
        table.add_column(column, justify="right")
    return table


def _row(
    table: Table, name: str, rounds: Sequence[Cost], *, is_bold: bool = False
) -> None:
    ms, core_ms = spreads(rounds)
    style = "bold" if is_bold else None
    table.add_row(name, spread_text(ms), spread_text(core_ms), style=style)
