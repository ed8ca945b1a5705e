"""What a person sees: the progress bar while it runs, the account at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.plan import StreamPlan
from maskstream.pipeline.summary import Outcome, RunSummary, StreamSummary
from maskstream.stages.credentials import mask_in_text

__all__ = ["RunDisplay", "print_error", "print_summary", "unbroken_console"]

_MAX_STREAM_ROWS = 20
_UNBROKEN = 10_000  # columns


def unbroken_console(*, soft_wrap: bool = True) -> Console:
    """Print to stdout, and break no name where that is no terminal of some width.

    What reads a pipe looks for whole names; COLUMNS says how wide it is all the same.
    Brackets are text: settings in a model card have some.
    """
    console = Console(emoji=False, highlight=False, markup=False, soft_wrap=soft_wrap)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNBROKEN
    return console


class RunDisplay:
    """A progress bar on stderr for each stream; silent where that is no terminal.

    ``count`` gives the frames that a stream will have, None where nobody knows.
    """

    def __init__(self, count: Callable[[StreamPlan], int | None]) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._count = count
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f}{task.fields[of]} frames"),
            TextColumn("{task.fields[fps]:.0f} fps"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(emoji=False, stderr=True),
            transient=True,
            disable=not self._is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, plan: StreamPlan, ledger: Ledger, seconds: float) -> None:
        """Show how far a stream is, ``seconds`` after its start."""
        if not self._is_terminal:
            return
        written = ledger.accounts()[plan.stream].written
        if plan.stream not in self._bars:
            if not plan.source.is_live:  # Files come one after another.
                for bar in self._bars.values():
                    self._progress.update(bar, visible=False)
            total = self._count(plan)
            self._bars[plan.stream] = self._progress.add_task(
                str(plan.source),
                total=total,
                fps=0.0,
                of="" if total is None else f"/{total}",
            )
        self._progress.update(
            self._bars[plan.stream],
            completed=written,
            fps=written / seconds if seconds > 0 else 0.0,
        )


def print_error(message: str) -> None:
    """Say one sentence on stderr, without passwords whatever it is about."""
    Console(emoji=False, stderr=True, highlight=False, soft_wrap=True).print(
        f"maskstream: {mask_in_text(message)}", markup=False
    )


def print_summary(summary: RunSummary) -> None:
    """Print the account of a run on stdout, and its errors on stderr."""
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    # A stream that gave nothing has its error, which says all there is.
    streams = [one for one in summary.streams.values() if one.account.decoded]
    for stream in streams[:_MAX_STREAM_ROWS]:
        console.print(_account(stream), markup=False)
    if len(streams) > _MAX_STREAM_ROWS:
        console.print(f"... and {len(streams) - _MAX_STREAM_ROWS} more inputs")
    if streams:
        console.print(_time_table(summary))
        console.print(
            f"{summary.written} frames in {summary.seconds:.1f} s, "
            f"{summary.fps:.1f} fps; {summary.model} on {summary.engine}; "
            f"the bottleneck was {summary.bottleneck}",
            markup=False,
        )
    if summary.outcome is Outcome.INTERRUPTED:
        console.print("interrupted: what was decoded by then is written")
    for error in summary.errors:
        print_error(error)


def _account(stream: StreamSummary) -> str:
    account = stream.account
    frames = "frame" if account.decoded == 1 else "frames"
    line = (
        f"{stream.source}: {account.decoded} {frames} decoded, "
        f"{account.written} written, {account.dropped} dropped"
    )
    if stream.dropped_by:
        reasons = ", ".join(f"{n} {why}" for why, n in stream.dropped_by.items())
        line += f" ({reasons})"
    if account.notes:
        notes = ", ".join(
            f"{count} {event.replace('_', ' ')}"
            for event, count in account.notes.items()
        )
        line += f"; {notes}"
    for name, sink in account.sinks.items():
        for file in sink.files:
            line += f"\n  {name:<8} {file}"
    return line


def _time_table(summary: RunSummary) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage")
    for column in ("busy", "ms a frame", "waits for input", "waits for output"):
        table.add_column(column, justify="right")
    whole_s = summary.seconds or 1.0
    frames = max(1, summary.written)
    for name, times in summary.stages.items():
        table.add_row(
            name,
            f"{times.busy_s / whole_s:.0%}",
            f"{times.busy_s / frames * 1e3:.1f}",
            f"{times.input_wait_s / whole_s:.0%}",
            f"{times.output_wait_s / whole_s:.0%}",
            style="bold" if name == summary.bottleneck else None,
        )
    return table
