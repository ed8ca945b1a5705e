"""The video codecs that results can be written with, and the pixels each takes."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import av
from av.codec.codec import UnknownCodecError, find_best_pix_fmt_of_list
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.mux import CONTAINERS

__all__ = [
    "CODECS",
    "VideoCodec",
    "check_codec",
    "convert",
    "encoder_options",
    "pixel_format_for",
    "tag_like",
]


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """An encoder and the settings that make it quick and good to look at."""

    encoder: str
    """FFmpeg's name."""
    options: Mapping[str, str]
    low_delay: Mapping[str, str]
    """Options with which it holds hardly a frame back: for what is live, where frames
    that are held are late, and lost in a crash. Without them x265 holds 18 and SVT-AV1
    50, seconds of a camera at 5 fps."""
    takes_odd_sizes: bool = False
    """A size that its chroma planes do not divide evenly is no obstacle."""
    with_preset: Mapping[str, str] = field(default_factory=dict)
    """Options that go with its own preset; another has better ones of its own."""


# Quality is constant, not bit rate: the overlay must be clear in every scene. Why these
# settings of x264: docs/outputs.md.
_NVENC_LOW_DELAY = {"bf": "0", "delay": "0", "zerolatency": "1"}
CODECS: Mapping[str, VideoCodec] = {
    "h264": VideoCodec(
        "libx264",
        {"preset": "ultrafast", "crf": "20"},
        {"tune": "zerolatency", "bf": "0"},
        # B-frames always three at a time: they cost no time, and a sixth less space.
        with_preset={"bf": "3", "b_strategy": "0"},
    ),
    "hevc": VideoCodec(
        "libx265",
        {"preset": "veryfast", "crf": "23", "x265-params": "log-level=none"},
        {"tune": "zerolatency"},
    ),
    "av1": VideoCodec(
        "libsvtav1",
        {"preset": "9", "crf": "30"},
        {"svtav1-params": "pred-struct=1"},
        takes_odd_sizes=True,
    ),
    "h264_nvenc": VideoCodec(
        "h264_nvenc", {"preset": "p4", "cq": "22"}, _NVENC_LOW_DELAY
    ),
    "hevc_nvenc": VideoCodec(
        "hevc_nvenc", {"preset": "p4", "cq": "24"}, _NVENC_LOW_DELAY
    ),
    "av1_nvenc": VideoCodec(
        "av1_nvenc", {"preset": "p4", "cq": "30"}, _NVENC_LOW_DELAY
    ),
}


def encoder_options(codec: VideoCodec, given: Mapping[str, str]) -> dict[str, str]:
    """Put options over those of a codec; ``crf`` is its quality by any name."""
    preset = codec.options["preset"]
    own = codec.with_preset if given.get("preset", preset) == preset else {}
    options = {**codec.options, **own, **given}
    if "crf" in given and "crf" not in codec.options:
        options["cq"] = options.pop("crf")  # NVENC
    return options


_X26X = ("libx264", "libx265")
_X26X_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"),
    *("slower", "veryslow", "placebo"),
)


def check_codec(name: str, options: Mapping[str, str], suffix: str = ".mp4") -> None:
    """Check that a codec works on this machine, by writing a header with it.

    Args:
        name: A key of `CODECS`.
        options: The encoder's own, over those of `CODECS`.
        suffix: Of the file that it is to go into.

    Raises:
        ConfigError: No codec has this name, it cannot be opened here, it does not know
            an option, or the container cannot hold it.
    """
    if name not in CODECS:
        raise ConfigError(f"no codec is named {name!r}; known: {', '.join(CODECS)}")
    codec = CODECS[name]
    preset = options.get("preset")
    # x264 and x265 would complain on stderr, whatever FFmpeg's log level.
    if codec.encoder in _X26X and preset is not None and preset not in _X26X_PRESETS:
        raise ConfigError(
            f"codec {name} has no preset {preset!r}; known: {', '.join(_X26X_PRESETS)}"
        )
    if name == "av1":
        os.environ.setdefault("SVT_LOG", "1")  # errors; it prints its settings else
    with av.open(io.BytesIO(), "w", format=CONTAINERS[suffix.lower()]) as trial:
        try:
            stream = trial.add_stream(
                codec.encoder,
                rate=25,
                width=320,
                height=240,
                options=encoder_options(codec, options),
            )
            stream.codec_context.open()
        except (UnknownCodecError, av.FFmpegError) as error:
            given = f" with {dict(options)}" if options else ""
            raise ConfigError(
                f"codec {name}{given} cannot be used on this machine "
                f"({codec.encoder}: {_reason(error)}); h264 always can"
            ) from error
        if unknown := stream.codec_context.options:  # what was not taken
            raise ConfigError(f"codec {name} has no option {', '.join(unknown)}")
        try:
            trial.start_encoding()
        except av.FFmpegError as error:
            raise ConfigError(f"{suffix} cannot hold {name}; .mkv can") from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def pixel_format_for(codec: VideoCodec, picture: av.VideoFrame) -> str:
    """Choose the pixel format that an encoder takes and that loses least of a picture.

    4:2:0 is kept where it can be. H.264 and HEVC cannot code chroma planes of half an
    odd side, so such a picture gets whole ones: 4:2:2 for an odd height, 4:4:4 for an
    odd width.
    """
    taken = [
        fmt
        for fmt in av.Codec(codec.encoder, "w").video_formats or ()
        if not fmt.is_rgb
        and (codec.takes_odd_sizes or _divides(fmt, picture.width, picture.height))
    ]
    given = picture.format
    wanted = "yuv420p" if _is_rgb(given) else given.name
    if wanted in {fmt.name for fmt in taken}:
        return wanted
    best, _ = find_best_pix_fmt_of_list(taken, wanted)
    assert best is not None
    return best.name


def convert(picture: av.VideoFrame, pix_fmt: str) -> av.VideoFrame:
    """Give a picture the pixel format ``pix_fmt``, with its own matrix and range.

    RGB becomes bt709 in limited range.
    """
    if picture.format.name == pix_fmt:
        return picture
    if not _is_rgb(picture.format):
        return picture.reformat(format=pix_fmt)
    return picture.reformat(
        format=pix_fmt,
        src_color_range=ColorRange.JPEG,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        dst_color_trc=ColorTrc.BT709,
        dst_color_primaries=ColorPrimaries.BT709,
    )


def tag_like(context: VideoCodecContext, picture: av.VideoFrame) -> None:
    """Tag what an encoder will write with a picture's colours and interlacing."""
    context.colorspace = picture.colorspace
    context.color_range = picture.color_range
    context.color_primaries = picture.color_primaries
    context.color_trc = picture.color_trc
    if picture.interlaced_frame:
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me


def _is_rgb(fmt: VideoFormat) -> bool:
    return fmt.is_rgb or fmt.has_palette


def _divides(fmt: VideoFormat, width: int, height: int) -> bool:
    """Whether chroma samples of ``fmt`` stand for whole pixels only."""
    horizontal = 2 // fmt.chroma_width(2)
    vertical = 2 // fmt.chroma_height(2)
    return width % horizontal == 0 and height % vertical == 0
