"""Small real clips for tests: every frame carries its index in its pixels.

A clip shows a square that moves over a slope of grey, with the frame's index written
along the top edge as eight blocks, white for one, the highest bit first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

__all__ = ["draw_picture", "make_clip", "make_pictures", "read_index"]

PICTURE_CODECS = {
    ".bmp": ("bmp", "bgr24"),
    ".jpg": ("mjpeg", "yuvj420p"),
    ".png": ("png", "rgb24"),
    ".tiff": ("tiff", "rgb24"),
    ".webp": ("libwebp", "yuv420p"),
}
INDEX_BITS = 8
SAMPLE_RATE = 48_000


def make_clip(
    path: Path,
    *,
    frames: int = 20,
    size_hw: tuple[int, int] = (64, 96),
    rate: Fraction = Fraction(25),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    gop: int = 10,
    b_frames: bool = False,
    rotation: int = 0,
    audio: int = 0,
    subtitles: bool = False,
    video: bool = True,
    colorspace: int | None = None,
    color_range: int | None = None,
    color_primaries: int | None = None,
    color_trc: int | None = None,
    codec_options: Mapping[str, str] | None = None,
    muxer_options: Mapping[str, str] | None = None,
    chapters: Sequence[str] = (),
) -> Path:
    """Write a clip; the suffix of ``path`` names the container.

    Args:
        path: Where to write; returned.
        frames: How many pictures, fewer than 256 so that each index can be read back.
        size_hw: Height and width as stored, before rotation.
        rate: Frames a second; the pts of picture i is i / ``rate`` without ``pts``.
        codec: FFmpeg's name of the encoder.
        pix_fmt: FFmpeg's name of the pixel format.
        pts: One for each picture, in units of ``time_base``.
        time_base: Seconds in one unit of ``pts``; 1 / ``rate`` by default. The muxer
            may store a finer one.
        gop: Pictures from one keyframe to the next.
        b_frames: Let the encoder code two B-frames between others.
        rotation: Degrees counter-clockwise that set the picture upright.
        audio: How many AAC tracks, each a tone of its own.
        subtitles: Add a subtitle track with a line for every half second.
        video: Leave the pictures out where false.
        colorspace: The matrix (FFmpeg's AVCOL_SPC) to convert with and to tag.
        color_range: 1 limited, 2 full (FFmpeg's AVCOL_RANGE).
        color_primaries: FFmpeg's AVCOL_PRI.
        color_trc: FFmpeg's AVCOL_TRC.
        codec_options: More options of the encoder.
        muxer_options: More options of the muxer, such as ``movflags``.
        chapters: Titles of chapters, each of a tenth of a second.
    """
    time_base = time_base or 1 / rate
    pts = range(frames) if pts is None else pts
    duration_s = float(max(pts, default=0) * time_base + 1 / rate)
    tags = {
        "colorspace": colorspace,
        "color_range": color_range,
        "color_primaries": color_primaries,
        "color_trc": color_trc,
    }
    with ExitStack() as stack:
        container = stack.enter_context(
            av.open(str(path), "w", options=dict(muxer_options or {}))
        )
        if video:
            stream: Any = container.add_stream(
                codec, rate=rate, options=_encoder_options(codec, codec_options)
            )
            stream.height, stream.width = size_hw
            stream.pix_fmt = pix_fmt
            stream.codec_context.time_base = time_base
            stream.codec_context.gop_size = gop
            stream.codec_context.max_b_frames = 2 if b_frames else 0
            for name, value in tags.items():
                if value is not None:
                    setattr(stream.codec_context, name, value)
            if rotation:
                stream.set_display_rotation(rotation)
        tones = [container.add_stream("aac", rate=SAMPLE_RATE) for _ in range(audio)]
        for number, tone in enumerate(tones):
            tone.metadata["language"] = ("eng", "deu")[number % 2]
        if subtitles:
            is_mov = path.suffix in {".mp4", ".mov"}
            captions = container.add_mux_stream(
                "mov_text" if is_mov else "subrip", time_base=Fraction(1, 1000)
            )
            captions.metadata["language"] = "eng"
        container.set_chapters(
            [
                {
                    "id": number,
                    "start": number * 100,
                    "end": (number + 1) * 100,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for number, title in enumerate(chapters)
            ]
        )
        container.start_encoding()

        if subtitles:
            _write_captions(container, captions, duration_s, is_mov=is_mov)
        for number, tone in enumerate(tones):
            _write_tone(container, tone, 220.0 * (number + 1), duration_s)
        if video:
            for index in range(frames):
                picture = av.VideoFrame.from_ndarray(
                    draw_picture(index, size_hw), format="rgb24"
                ).reformat(
                    format=pix_fmt,
                    src_color_range=ColorRange.JPEG,
                    dst_colorspace=None if colorspace is None else _sws(colorspace),
                    dst_color_range=color_range,
                )
                picture.pts = pts[index]
                picture.time_base = time_base
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
    return path


def make_pictures(
    folder: Path,
    *,
    count: int = 3,
    size_hw: tuple[int, int] = (64, 96),
    pattern: str = "%d.png",
    first: int = 0,
) -> Path:
    """Write ``count`` numbered pictures into ``folder``, made if missing.

    The suffix of ``pattern`` is one of those in `PICTURE_CODECS`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    codec, pix_fmt = PICTURE_CODECS[Path(pattern).suffix]
    for index in range(count):
        encoder: Any = av.CodecContext.create(codec, "w")
        encoder.height, encoder.width = size_hw
        encoder.pix_fmt, encoder.time_base = pix_fmt, Fraction(1, 25)
        encoder.color_range = ColorRange.JPEG
        picture = av.VideoFrame.from_ndarray(
            draw_picture(index, size_hw), format="rgb24"
        ).reformat(
            format=pix_fmt,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.JPEG,
        )
        packets = encoder.encode(picture) + encoder.encode(None)
        name = pattern % (first + index)
        (folder / name).write_bytes(b"".join(map(bytes, packets)))
    return folder


def draw_picture(index: int, size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB: a slope of grey, a moving square, and the index along the top."""
    height, width = size_hw
    slope = np.linspace(40, 200, width).astype(np.uint8)
    pixels = np.broadcast_to(slope[None, :, None], (height, width, 3)).copy()
    side = max(height // 4, 1)
    left = (index * 3) % max(width - side, 1)
    pixels[height // 2 : height // 2 + side, left : left + side] = (200, 60, 30)
    block = width // INDEX_BITS
    for bit in range(INDEX_BITS):
        is_set = index >> (INDEX_BITS - 1 - bit) & 1
        pixels[: height // 8, bit * block : (bit + 1) * block] = 255 * is_set
    return pixels


def read_index(picture: av.VideoFrame) -> int:
    """Read the index that `draw_picture` wrote, from a picture in any pixel format."""
    grey = np.asarray(picture.to_ndarray(format="gray"), dtype=np.float64)
    height, width = grey.shape
    block = width // INDEX_BITS
    row = grey[: height // 8, : block * INDEX_BITS]
    bits = row.reshape(len(row), INDEX_BITS, block).mean(axis=(0, 2)) > 127
    return int(np.packbits(bits)[0])


def _encoder_options(
    codec: str, codec_options: Mapping[str, str] | None
) -> dict[str, str]:
    fast = {
        "libx264": {"preset": "ultrafast", "crf": "12"},
        "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
    }
    return {**fast.get(codec, {}), **(codec_options or {})}


def _sws(colorspace: int) -> int:
    """Swscale's number of a matrix: bt470bg and smpte170m are both its 601."""
    return {6: 5}.get(colorspace, colorspace)


def _write_tone(container: Any, stream: Any, hertz: float, duration_s: float) -> None:
    num_samples = int(duration_s * SAMPLE_RATE)
    wave = np.sin(np.arange(num_samples) * (2 * np.pi * hertz / SAMPLE_RATE))
    for start in range(0, num_samples, 1024):
        piece = wave[start : start + 1024].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(
            np.stack([piece, piece]), format="fltp", layout="stereo"
        )
        frame.sample_rate = SAMPLE_RATE
        frame.pts = start
        frame.time_base = Fraction(1, SAMPLE_RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _write_captions(
    container: Any, stream: Any, duration_s: float, *, is_mov: bool
) -> None:
    for number in range(max(1, int(duration_s * 2))):
        text = f"line {number}".encode()
        if is_mov:
            text = len(text).to_bytes(2, "big") + text
        packet = av.Packet(text)
        packet.stream = stream
        packet.time_base = Fraction(1, 1000)
        packet.pts = packet.dts = number * 500
        packet.duration = 400
        container.mux(packet)
