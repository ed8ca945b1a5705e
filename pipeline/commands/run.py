"""``maskstream run``: files, cameras and URLs in; video, masks and records out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from maskstream.pipeline.config import Policy, RunConfig
from maskstream.pipeline.config_file import load_config
from maskstream.pipeline.console import RunDisplay, print_summary
from maskstream.pipeline.interrupts import draining_signals
from maskstream.pipeline.plan import StreamPlan
from maskstream.pipeline.summary import Outcome
from maskstream.stages.probe import count_frames

__all__ = ["run"]

_EXIT_CODES = {Outcome.DONE: 0, Outcome.FAILED: 1, Outcome.INTERRUPTED: 130}
_OUT, _NET, _LOOK, _CUT = "Outputs", "Network", "Overlay and video", "What to read"
_DEFAULTS = RunConfig()

EXAMPLES = """
Examples:

maskstream run drive.mp4 -o drive.masked.mp4 --mask drive.masks.mkv

maskstream run 'drives/*.mp4' -o out --records out --objects

maskstream run rtsp://camera.local/main -o camera.mkv --duration 10m

maskstream run drive.mp4 -o cars.mp4 --hide road --hide sky --alpha 0.6 --contours
"""


def run(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Files, globs, folders of pictures, frames/%06d.png, URLs (rtsp, "
            "http, ...), camera:0, synthetic:, sample:street.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Annotated video (.mp4, .mkv, .mov); a folder for many inputs.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(
            help="Lossless class ids (.mkv); a folder for many inputs.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    mask_images: Annotated[
        Path | None,
        typer.Option(help="Folder for one paletted PNG a frame.", rich_help_panel=_OUT),
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option(
            help="A JSON line a frame: times, class shares; a folder for many inputs.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    rle: Annotated[
        bool | None,
        typer.Option(
            "--rle",
            help="Add COCO run-length masks to the records.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    objects: Annotated[
        bool | None,
        typer.Option(
            "--objects",
            help="Add connected objects with boxes to the records.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            help="JSON: each frame's outcome, and where the time went.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    overwrite: Annotated[
        bool | None,
        typer.Option("--overwrite", help="Replace files.", rich_help_panel=_OUT),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            help="Serve /metrics on loopback while running.", rich_help_panel=_OUT
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help=f"An embedded model; {_DEFAULTS.model.name} unless said.",
            rich_help_panel=_NET,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Your own weights: a safetensors file with a model card, an https URL "
            "or hf:OWNER/REPO/FILE.",
            rich_help_panel=_NET,
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="torch, openvino or onnxruntime; auto takes the best there is.",
            rich_help_panel=_NET,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="cpu or cuda:N; auto takes the GPU where there is one.",
            rich_help_panel=_NET,
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="fp32, bf16, fp16 or int8; auto: the least that is good here.",
            rich_help_panel=_NET,
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH",
            help="Network input; auto keeps the picture's shape at about 512x288.",
            rich_help_panel=_NET,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            help="Frames in one pass, at most; 1 on the CPU and 8 on CUDA unless said.",
            rich_help_panel=_NET,
        ),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            help="Strength of the overlay, 0 to 1; "
            f"{_DEFAULTS.overlay.alpha:g} unless said.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    hide: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="Leave a class unpainted; may be given again.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    contours: Annotated[
        bool | None,
        typer.Option("--contours", help="Draw class borders.", rich_help_panel=_LOOK),
    ] = None,
    legend: Annotated[
        bool | None,
        typer.Option(
            "--legend/--no-legend", help="Name the colours.", rich_help_panel=_LOOK
        ),
    ] = None,
    status: Annotated[
        bool | None,
        typer.Option("--status", help="Show time and speed.", rich_help_panel=_LOOK),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            help="h264 (the default), hevc, av1, h264_nvenc, hevc_nvenc or av1_nvenc.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="The encoder's preset; a fast one unless said.", rich_help_panel=_LOOK
        ),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option(
            help="The encoder's quality scale; less is better.", rich_help_panel=_LOOK
        ),
    ] = None,
    mask_track: Annotated[
        bool | None,
        typer.Option(
            "--mask-track",
            help="Put the class ids into the .mkv output as a second track.",
            rich_help_panel=_LOOK,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="S", help="Skip this much: 10s, 1:30.", rich_help_panel=_CUT
        ),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(metavar="S", help="Stop after this much.", rich_help_panel=_CUT),
    ] = None,
    policy: Annotated[
        Policy | None,
        typer.Option(
            help="When the network cannot keep up; auto: files wait, live drops.",
            rich_help_panel=_CUT,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="YAML with any of this; options override it."),
    ] = None,
) -> None:
    """Segment video and write what was asked for.

    A first Ctrl-C finishes the files with what was read so far, a second stops at once.
    Every frame is accounted for: decoded = written + dropped, or the run has failed. An
    input that is not there stops all before it begins; one that cannot be read on costs
    only itself.
    """
    from maskstream.pipeline.app import execute

    settings = load_config(
        config,
        _given(
            inputs=tuple(inputs) if inputs else None,
            output=output,
            mask=mask,
            mask_images=mask_images,
            records=records,
            summary=summary,
            overwrite=overwrite,
            metrics_port=metrics_port,
            start=start,
            duration=duration,
            policy=policy,
            model=_given(
                name=model,
                weights=weights,
                engine=engine,
                device=device,
                precision=precision,
                size=size,
            ),
            batch=_given(max_size=batch),
            overlay=_given(
                alpha=alpha,
                hide=tuple(hide) if hide else None,
                contours=contours,
                legend=legend,
                status=status,
            ),
            video=_given(codec=codec, preset=preset, crf=crf, mask_track=mask_track),
            record=_given(rle=rle, objects=objects),
        ),
    )

    def count(plan: StreamPlan) -> int | None:
        return count_frames(plan.source, settings.start, settings.duration)

    with RunDisplay(count) as display, draining_signals() as interrupts:
        done = execute(settings, interrupts=interrupts, watch=display.show)
    print_summary(done)
    raise typer.Exit(_EXIT_CODES[done.outcome])


def _given(**options: Any) -> dict[str, Any]:
    """Keep the options that were given."""
    return {name: value for name, value in options.items() if value not in (None, {})}
