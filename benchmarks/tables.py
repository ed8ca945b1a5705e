"""Write the tables and the plot of docs/performance.md anew, from runs made now.

    python benchmarks/tables.py CLIP

It runs ``maskstream bench``, ``benchmarks/peers/compare.py`` and
``benchmarks/growth.py``, about ten minutes on two cores where nothing else runs, and
puts what they tell between the markers of the page. ``--render`` only writes the page
again from the figures of the last run, which stay in build/performance.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from maskstream.bench.charts import Point, lines, stacked

_ROOT = Path(__file__).parents[1]
_PAGE = _ROOT / "docs" / "performance.md"
_PLOT = _ROOT / "docs" / "performance.svg"
_FIGURES = _ROOT / "build" / "performance"
_BEGIN, _END = "<!-- measured -->\n", "<!-- end -->\n"

Figures = Mapping[str, Any]


def main() -> None:
    """Run, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", default="sample:street")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--render", action="store_true", help="measure nothing")
    given = parser.parse_args()
    if not given.render:
        _measure(given.clip, str(given.rounds))
    bench, peers, growth = (
        json.loads((_FIGURES / f"{name}.json").read_text())
        for name in ("bench", "peers", "growth")
    )
    before, _, rest = _PAGE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    written = [*_head(bench), *_parts(bench), *_peers(peers), *_growth(growth)]
    tables = "\n".join(written)
    _PLOT.write_text(_plot(bench, growth))
    _PAGE.write_text(f"{before}{_BEGIN}\n{tables}\n{_END}{after}")


def _measure(clip: str, rounds: str) -> None:
    _FIGURES.mkdir(parents=True, exist_ok=True)
    here = Path(__file__).parent
    commands = {
        "bench": ["-m", "maskstream", "bench", "--rounds", rounds],
        "peers": [str(here / "peers" / "compare.py"), "--rounds", rounds],
        "growth": [str(here / "growth.py")],
    }
    for name, command in commands.items():
        figures = str(_FIGURES / f"{name}.json")
        subprocess.run([sys.executable, *command, clip, "--json", figures], check=True)


def _head(bench: Figures) -> Iterable[str]:
    machine, clip, network = bench["machine"], bench["clip"], bench["network"]
    versions = machine["versions"]
    named = ("maskstream", "torch", "openvino", "av", "ffmpeg", "python")
    yield (
        f"Made by `python benchmarks/tables.py {clip['name']}` on {machine['at']}, "
        f"commit {machine['commit']}: {machine['processor']}, {machine['cores']} "
        f"cores, load {machine['load_before']:g} before; "
        + ", ".join(f"{name} {versions[name]}" for name in named if name in versions)
        + ". Each figure is the median of the rounds, with the least and the most."
    )
    if machine["is_busy"]:
        yield ""
        yield (
            "**Something else ran on the machine: these are figures under load, and "
            "say little of what it can do.**"
        )
    yield ""
    yield (
        f"The clip has {clip['width']}x{clip['height']} pixels and {clip['frames']} "
        f"frames; {network['model']} runs on {network['engine']} in "
        f"{network['precision']}, at {network['size']}."
    )
    yield ""


def _parts(bench: Figures) -> Iterable[str]:
    yield from _table(
        ("part alone", "ms a frame", "core-ms a frame"),
        (
            (part["part"], _spread(part["ms"]), _spread(part["core_ms"]))
            for part in bench["parts"]
        ),
    )
    limit, pipeline = bench["limit"], bench["pipeline"]
    live, program = bench["live"], bench["program"]
    yield from _table(
        ("the whole", ""),
        (
            ("pipeline, frames a second", _spread(pipeline["fps"], 1)),
            ("pipeline, core-ms a frame", _spread(pipeline["core_ms"])),
            ("what its parts allow, frames a second", f"{limit['fps']:.1f}"),
            ("that is set by", limit["set_by"]),
            ("ratio", _spread(bench["ratio"])),
            ("bottleneck", f"{bench['bottleneck']}; {bench['advice']}"),
            ("latency to labels, p50 / p95 / p99", _three(live["to_labels_ms"])),
            ("to the encoded picture", _three(live["to_encoded_ms"])),
            (
                f"held and dropped of {live['decoded']} frames at "
                f"{live['decoded_fps']:g} a second",
                f"{live['held']}, {live['dropped']}",
            ),
            ("peak memory of `maskstream run`", f"{program['peak_mb']:.0f} MB"),
            ("its loading", f"{program['loading_s']:.1f} s"),
        ),
    )
    yield from _table(
        ("network alone", "ms a picture", "core-ms a picture"),
        (
            (
                f"{one['engine']} {one['precision']}, batch {one['batch']}, "
                f"{one['size']}{' (chosen)' if one['is_chosen'] else ''}",
                _spread(one["ms"]),
                _spread(one["core_ms"]),
            )
            for one in bench["networks"]
        ),
    )


def _peers(peers: Figures) -> Iterable[str]:
    yield f"Beside others (load {peers['machine']['load_before']:g} before):"
    yield ""
    yield from _table(
        (
            *("program", "frames a second", "core-ms a frame"),
            *("peak memory", "maskstream run is faster by"),
        ),
        (
            (
                one["program"],
                _spread(one["fps"], 1),
                _spread(one["core_ms"], 1),
                f"{one['peak_mb']:.0f} MB",
                _spread(one["ratio"]),
            )
            for one in peers["programs"]
        ),
    )


def _growth(growth: Figures) -> Iterable[str]:
    load = growth["machine"]["load_before"]
    yield f"How it grows (load {load:g} before), [drawn](performance.svg):"
    yield ""
    rows = [(f"{one['number']} streams", one) for one in growth["streams"]]
    rows += [(f"{one['number']} rows of pixels", one) for one in growth["heights"]]
    yield from _table(
        ("", "frames a second, all together", "core-ms a frame"),
        (
            (name, _spread(one["fps"], 1), _spread(one["core_ms"], 1))
            for name, one in rows
        ),
    )


def _plot(bench: Figures, growth: Figures) -> str:
    """Draw frames a second against batch, streams and size, one below the other."""
    chosen = next(one for one in bench["networks"] if one["is_chosen"])
    same = ("engine", "precision", "size")
    batches = [
        (one["batch"], 1e3 / one["ms"]["median"])
        for one in bench["networks"]
        if all(one[key] == chosen[key] for key in same)
    ]
    plots = (
        ("network", "pictures in a batch", batches),
        ("pipeline", "streams at the same time", _points(growth["streams"])),
        ("pipeline", "rows of pixels in the picture", _points(growth["heights"])),
    )
    return stacked(
        [
            lines({name: points}, x_title=title, y_title="frames a second")
            for name, title, points in plots
        ]
    )


def _points(rows: Iterable[Figures]) -> list[Point]:
    return [(one["number"], one["fps"]["median"]) for one in rows]


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterable[str]:
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _spread(spread: Figures, digits: int = 2) -> str:
    return (
        f"{spread['median']:.{digits}f} "
        f"({spread['least']:.{digits}f} to {spread['most']:.{digits}f})"
    )


def _three(latency: Figures) -> str:
    return " / ".join(f"{latency[name]:.0f}" for name in ("p50", "p95", "p99")) + " ms"


if __name__ == "__main__":
    main()
