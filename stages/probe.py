"""Look at an input without running anything: what it says of itself."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from maskstream.pipeline.frame import StreamFormat
from maskstream.stages.network_input import network_size
from maskstream.stages.opening import OpenVideo, open_source
from maskstream.stages.source import Source

__all__ = ["count_frames", "describe"]


def count_frames(
    source: Source, start_s: float | None = None, duration_s: float | None = None
) -> int | None:
    """Estimate how many frames a run will decode; None where nobody knows.

    Raises:
        SourceError: The input cannot be opened.
    """
    if source.pictures:
        return len(source.pictures)
    if source.is_live:
        return None
    with open_source(source) as opened:
        length_s = opened.stated_duration_s()
        rate = opened.video.average_rate
        if length_s is None or not rate:
            return opened.video.frames or None
    left_s = max(0.0, length_s - (start_s or 0.0))
    if duration_s is not None:
        left_s = min(left_s, duration_s)
    return round(left_s * rate)


def describe(source: Source) -> dict[str, Any]:
    """Tell container, video and side streams of ``source``, ready for JSON.

    The first picture is decoded, since only it knows its rotation and colours.

    Raises:
        SourceError: The input cannot be opened or holds no picture.
    """
    if source.pictures:
        return {"source": str(source), "pictures": len(source.pictures)}
    with open_source(source) as opened:
        picture = next(opened.container.decode(opened.video), None)
        description: dict[str, Any] = {
            "source": str(source),
            "container": opened.container.format.name,
            "seconds": opened.stated_duration_s(),
            "video": _describe_video(opened),
            "beside": [
                f"{template.type}: {template.codec.name}"
                for template in opened.templates.values()
            ],
        }
        if picture is not None:
            form = opened.format_of(picture)
            description["video"] |= {
                "pixels": picture.format.name,
                "rotation": form.rotation,
                "sample_aspect_ratio": _ratio(form.sample_aspect_ratio),
                "interlaced": bool(picture.interlaced_frame),
                "network_input": _network_input(form),
            }
    return description


def _describe_video(opened: OpenVideo) -> dict[str, Any]:
    video = opened.video
    return {
        "codec": video.codec_context.name,
        "width": video.width,
        "height": video.height,
        "frames": video.frames or None,
        "rate": _ratio(video.average_rate),
        "time_base": _ratio(opened.time_base),
    }


def _ratio(ratio: Fraction | None) -> str | None:
    return None if ratio is None else f"{ratio.numerator}/{ratio.denominator}"


def _network_input(form: StreamFormat) -> str:
    height, width = network_size(form.height, form.width, form.rotation)
    return f"{width}x{height}"
