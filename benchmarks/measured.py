"""What the benchmarks told, as Markdown and as a plot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from maskstream.bench.charts import Point, lines, stacked
from maskstream.bench.costs import Spread
from maskstream.bench.table import spread_text

__all__ = ["page", "plot", "short_table"]

Figures = Mapping[str, Any]
Rows = Iterable[tuple[str, ...]]

_OURS = "maskstream run"


def page(
    bench: Figures | None,
    peers: Figures | None,
    growth: Figures | None,
    start: Figures | None,
) -> str:
    """Write what docs/performance.md tells; what was not measured yet is left out."""
    told: list[str] = []
    if bench:
        told += _bench(bench)
    if peers:
        told += _peers(peers)
    if start:
        told += _start(start)
    if growth:
        told += _growth(growth)
    return "\n".join(told)


def short_table(bench: Figures | None, peers: Figures | None) -> str:
    """Write what README.md tells of it."""
    if not bench or not peers:
        return ""
    told = [_made("benchmarks/tables.py", peers[_OURS]), ""]
    told += _peers_table(peers)
    told.append(
        "`maskstream run` computes in "
        f"{bench['network']['precision']}, the plain loop and supervision in fp32 with "
        "the same weights. "
        "Importing and loading weights are not counted; that MaskStream reads its "
        "compiled network from the cache is. Once warm, the pipeline does "
        f"{bench['pipeline']['fps']['median']:.0f} frames a second, "
        f"{bench['ratio']['median']:.2f} of what its parts allow."
    )
    return "\n".join(told)


def plot(bench: Figures, growth: Figures) -> str:
    """Draw frames a second against batch, streams and size, one below the other."""
    chosen = next(one for one in bench["networks"] if one["is_chosen"])
    same = ("engine", "precision", "size")
    batches = [
        (one["batch"], 1e3 / one["ms"]["median"])
        for one in bench["networks"]
        if all(one[key] == chosen[key] for key in same)
    ]
    plots = [("network alone", "pictures in a batch", batches)]
    for what, title in (
        ("streams", "streams at the same time, frames of all together"),
        ("heights", "rows of pixels in the picture"),
    ):
        if what in growth:
            plots.append(("pipeline", title, _points(growth[what])))
    return stacked(
        [
            lines({name: points}, x_title=title, y_title="frames a second")
            for name, title, points in plots
        ]
    )


def _points(grown: Figures) -> list[Point]:
    return [(one["number"], one["fps"]["median"]) for one in grown["rows"]]


def _bench(bench: Figures) -> Iterator[str]:
    clip, network = bench["clip"], bench["network"]
    versions = bench["machine"]["versions"]
    named = ("maskstream", "torch", "openvino", "av", "ffmpeg", "python")
    yield "### The parts and the whole"
    yield ""
    yield _made("maskstream bench", bench)
    libraries = [f"{name} {versions[name]}" for name in named if name in versions]
    yield (
        f"With {', '.join(libraries)}; {clip['width']}x{clip['height']}, "
        f"{clip['frames']} frames, {network['model']} on {network['engine']} in "
        f"{network['precision']}, at {network['size']}. Each figure is the median of "
        f"{bench['rounds']} rounds, with the least and the most."
    )
    yield ""
    yield from _table(
        ("part alone", "ms a frame", "core-ms a frame"),
        (
            (part["part"], _spread(part["ms"]), _spread(part["core_ms"]))
            for part in bench["parts"]
        ),
    )
    limit, pipeline = bench["limit"], bench["pipeline"]
    live, program = bench["live"], bench["program"]
    held = (
        f"held and dropped of {live['decoded']} frames at {live['decoded_fps']:g} a "
        "second"
    )
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
            (held, f"{live['held']}, {live['dropped']}"),
            ("peak memory of `maskstream run`", f"{program['peak_mb']:.0f} MB"),
            ("its loading, from a warm cache", f"{program['loading_s']:.1f} s"),
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


def _peers(peers: Figures) -> Iterator[str]:
    yield "### Beside others"
    yield ""
    yield _made("benchmarks/peers/compare.py", peers[_OURS])
    yield ""
    yield from _peers_table(peers)


def _peers_table(peers: Figures) -> Iterator[str]:
    yield from _table(
        (
            *("program", "frames a second", "core-ms a frame"),
            *("peak memory", "`maskstream run` is faster, times"),
        ),
        (
            (
                title,
                _spread(one["fps"], 1),
                _spread(one["core_ms"], 1),
                f"{one['peak_mb']['median']:.0f} MB",
                "" if title == _OURS else _spread(one["ratio"]),
            )
            for title, one in peers.items()
        ),
    )


def _start(start: Figures) -> Iterator[str]:
    yield "### The start"
    yield ""
    yield _made("benchmarks/start.py", start)
    yield ""
    yield from _table(
        ("whole processes", "seconds"),
        (
            ("`maskstream --help`", _spread(start["help_s"])),
            ("`maskstream run` of one frame", _spread(start["first_frame_s"])),
            ("its first on a machine", _spread(start["first_frame_anew_s"], 1)),
        ),
    )


def _growth(growth: Figures) -> Iterator[str]:
    yield "### How it grows"
    yield ""
    yield "![Frames a second against batch, streams and picture size](performance.svg)"
    yield ""
    for what, unit in (("streams", "streams"), ("heights", "rows of pixels")):
        if what not in growth:
            continue
        yield _made("benchmarks/growth.py", growth[what])
        yield ""
        yield from _table(
            (unit, "frames a second, all together", "core-ms a frame"),
            (
                (str(one["number"]), _spread(one["fps"], 1), _spread(one["core_ms"], 1))
                for one in growth[what]["rows"]
            ),
        )


def _made(program: str, figures: Figures) -> str:
    """Say by what, where and when something was measured."""
    machine = figures["machine"]
    told = f"`{program}` on {machine['told']}."
    if machine["is_busy"]:
        told += " **Something else ran: figures of a busy machine, which say little.**"
    return told


def _table(heads: tuple[str, ...], rows: Rows) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _spread(spread: Figures, digits: int = 2) -> str:
    return spread_text(Spread(**spread), digits)


def _three(latency: Figures) -> str:
    return " / ".join(f"{latency[name]:.0f}" for name in ("p50", "p95", "p99")) + " ms"
