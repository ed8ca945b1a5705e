"""``maskstream bench``: how fast, how near to the limit, and what would help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from maskstream.pipeline.config_file import load_config

__all__ = ["bench"]


def bench(
    clip: Annotated[
        str, typer.Argument(metavar="[CLIP]", help="A video file, or sample:street.")
    ] = "sample:street",
    config: Annotated[
        Path | None,
        typer.Option(help="YAML as of run: the settings that are measured."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="An embedded model.")] = None,
    engine: Annotated[str | None, typer.Option(help="As of run.")] = None,
    precision: Annotated[str | None, typer.Option(help="As of run.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="As of run.")] = None,
    batch: Annotated[int | None, typer.Option(help="As of run.")] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Of everything; the median is told.")
    ] = 7,
    frames: Annotated[
        int, typer.Option(min=16, help="Of the clip, from its beginning, at most.")
    ] = 96,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every figure here.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with plots here.")
    ] = None,
) -> None:
    """Measure every part alone, the pipeline, and what its parts would allow.

    The parts are the stages of a run, each on frames that lie ready. The ratio is the
    pipeline's speed over 1 / max(sum of core-ms / cores, the longest part), round by
    round. Also told: the network on every engine, precision, batch and size here; how
    old a picture is at live pace; peak memory; the bottleneck, and what would help. Run
    it when nothing else runs.
    """
    from rich.console import Console

    from maskstream.bench import (
        BenchSettings,
        measure,
        print_report,
        write_json,
        write_page,
    )
    from maskstream.stages.output import check_output

    for path, suffix in ((json_file, ".json"), (html, ".html")):
        if path is not None:
            check_output(path, suffixes=(suffix,), overwrite=True)
    settings: dict[str, Any] = {"inputs": (clip,)}
    model_settings = {
        "name": model,
        "engine": engine,
        "precision": precision,
        "size": size,
    }
    settings["model"] = {key: one for key, one in model_settings.items() if one}
    if batch is not None:
        settings["batch"] = {"max_size": batch}
    run_config = load_config(config, settings)
    with Console(emoji=False, stderr=True).status("") as status:
        report = measure(run_config, BenchSettings(rounds, frames), status.update)
    print_report(report)
    if json_file is not None:
        write_json(report, json_file)
    if html is not None:
        write_page(report, html)
