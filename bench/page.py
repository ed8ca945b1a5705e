"""The report as one HTML page that needs no other file and no other host."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

from maskstream.bench.charts import Point, bars, lines
from maskstream.bench.costs import Cost, spreads
from maskstream.bench.report import Report
from maskstream.bench.table import spread_text, summary_lines
from maskstream.stages.output import explain_failure, partial_name

__all__ = ["write_json", "write_page"]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { padding: .15rem .8rem .15rem 0; text-align: right; font-weight: normal; }
th { border-bottom: 1px solid #8888; }
td:first-child, th:first-child { text-align: left; }
tr.marked td { font-weight: bold; }
svg { max-width: 100%; height: auto; }
.warning { border-left: 4px solid #c8553d; }
tr.total td { border-top: 1px solid #8888; }
"""


def write_json(report: Report, path: Path) -> None:
    """Write every figure, whole or not at all.

    Raises:
        SinkError: It cannot be written.
    """
    _write(path, json.dumps(report.to_json(), indent=2) + "\n")


def write_page(report: Report, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises:
        SinkError: It cannot be written.
    """
    _write(path, _page(report))


def _write(path: Path, text: str) -> None:
    partial = partial_name(path)
    with explain_failure(path, kept=partial):
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


def _page(report: Report) -> str:
    clip, network, machine = report.clip, report.network, report.machine
    title = f"MaskStream on {clip['name']}"
    limit = report.limit
    fps = [
        ("the pipeline", report.fps.median),
        ("what its parts allow", 1e3 / limit.ms),
        (f"{limit.longest} alone, its longest part", 1e3 / limit.longest_ms),
    ]
    networks = [(one.variant.name, *_bar(one.rounds)) for one in report.networks]
    told = "".join(f"<li>{escape(line)}" for line in summary_lines(report))
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>
<h1>{escape(title)}</h1>
<p>{clip["width"]}x{clip["height"]}, {clip["frames"]} frames;
{escape(f"{network['model']} on {network['engine']} {network['precision']}")},
{network["size"]}, batch {network["batch"]}. {escape(str(machine))}.</p>
<ul{' class="warning"' if machine.is_busy else ""}>{told}</ul>
<h2>Where the cores' time goes</h2>
{bars(_part_bars(report), marked=report.bottleneck)}
{_part_table(report)}
<h2>Frames a second</h2>
{bars([(name, figure, f"{figure:.1f}") for name, figure in fps])}
<h2>The network</h2>
{bars(networks, marked=report.chosen.name)}
{_sizes(report)}
<h2>How old a picture is</h2>
<p>The clip at its own pace: the share of frames that are ready within a time.</p>
{lines(_ages(report), x_title="milliseconds since decoded", y_title="% of frames")}
<h2>Everything</h2>
<p><code>{escape(machine.command)}</code></p>
<details><summary>as JSON</summary><pre>{
        escape(json.dumps(report.to_json(), indent=2))
    }</pre></details>
</html>
"""


def _part_bars(report: Report) -> list[tuple[str, float, str]]:
    return [(name, *_bar(report.rounds_of(name), "core-ms")) for name in report.names]


def _bar(rounds: Sequence[Cost], kind: str = "ms") -> tuple[float, str]:
    ms, core_ms = spreads(rounds)
    figure = (ms if kind == "ms" else core_ms).median
    return figure, f"{figure:.2f} {kind}"


def _part_table(report: Report) -> str:
    rows = []
    for name in report.names:
        marked = " class=marked" if name == report.bottleneck else ""
        rows.append(_row(name, report.rounds_of(name), marked))
    sum_core_ms = report.limit.cores_ms * report.machine.cores
    rows.append(f"<tr class=total><td>sum of the parts<td><td>{sum_core_ms:.2f}")
    rows.append(_row("pipeline", [whole.cost for whole in report.wholes]))
    return (
        "<table><tr><th>part alone<th>ms a frame (least to most)<th>core-ms a frame"
        f"{''.join(rows)}</table>"
    )


def _row(name: str, rounds: Sequence[Cost], marked: str = "") -> str:
    ms, core_ms = spreads(rounds)
    figures = f"<td>{spread_text(ms)}<td>{spread_text(core_ms)}"
    return f"<tr{marked}><td>{escape(name)}{figures}"


def _sizes(report: Report) -> str:
    """Draw how the network's time grows with its input, on the chosen engine."""
    chosen = report.chosen
    points: list[Point] = []
    for one in report.networks:
        height, width = one.variant.size_hw
        if replace(one.variant, size_hw=chosen.size_hw) == chosen:
            ms, _ = spreads(one.rounds)
            points.append((height * width / 1e3, ms.median))
    return lines(
        {chosen.precision: points},
        x_title="thousand pixels of the network's input",
        y_title="ms a picture",
    )


def _ages(report: Report) -> dict[str, list[Point]]:
    """Make the distribution of each latency, in percents that are ready by then."""
    series = {
        "labels": report.live.to_labels_ms,
        "encoded": report.live.to_encoded_ms,
    }
    steps = (0, 5, 10, 25, 50, 75, 90, 95, 98, 99, 100)
    ages = {}
    for name, latencies in series.items():
        ordered = sorted(latencies) or [0.0]
        last = len(ordered) - 1
        ages[name] = [
            (ordered[round(last * step / 100)], float(step)) for step in steps
        ]
    return ages
