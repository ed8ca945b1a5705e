"""What a person sees: the progress bar while it runs, the account at the end."""

from __future__ import annotations

import sys
from types import TracebackType

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

from maskstream.pipeline.summary import Outcome, RunSummary, StreamSummary

__all__ = ["RunDisplay", "print_error", "print_summary"]

_MAX_STREAM_ROWS = 20


class RunDisplay:
    """A progress bar on stderr; silent where stderr is not a terminal."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}{task.fields[of]} frames"),
            TextColumn("{task.fields[fps]:.0f} fps"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )

    def __enter__(self) -> RunDisplay:
        self._progress.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def open(self, name: str, num_frames: int | None) -> TaskID:
        """Begin the bar of one stream; ``num_frames`` is None where nobody knows."""
        of = "" if num_frames is None else f"/{num_frames}"
        return self._progress.add_task(name, total=num_frames, fps=0.0, of=of)

    def update(self, bar: TaskID, frames: int, fps: float) -> None:
        """Show that ``frames`` are written, ``fps`` a second."""
        self._progress.update(bar, completed=frames, fps=fps)

    def close(self, bar: TaskID) -> None:
        """End the bar of one stream."""
        self._progress.remove_task(bar)


def print_error(message: str) -> None:
    """Say one sentence on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"maskstream: {message}", markup=False
    )


def print_summary(summary: RunSummary) -> None:
    """Print the account of a run on stdout, and its errors on stderr."""
    console = Console(highlight=False, soft_wrap=True)
    streams = list(summary.streams.values())
    for stream in streams[:_MAX_STREAM_ROWS]:
        console.print(_account(stream), markup=False)
    if len(streams) > _MAX_STREAM_ROWS:
        console.print(f"... and {len(streams) - _MAX_STREAM_ROWS} more inputs")
    if summary.stages:
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
    line = (
        f"{stream.source}: {account.decoded} frames decoded, "
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
    for sink, path in stream.outputs.items():
        line += f"\n  {sink:<8} {path}"
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
