"""Planar copies of decoded pictures, to be painted on.

A decoded picture is still a reference of its decoder, and other sinks read it too, so a
copy is what is painted. Everything that travels with the picture goes with it: colour
tags, field order, HDR metadata, closed captions.

What comes out for what goes in:

    planar YUV, with or without alpha, 8 to 16 bits   the same format
    planar RGB, with or without alpha, 8 to 16 bits   the same format
    semi-planar and packed YUV (nv12, p010le, uyvy422, y210le, ...)
                                   planar YUV of the same subsampling and depth
    grey, black and white          4:2:0 of the same depth, with neutral chroma
    packed RGB, palettes           gbrp of the same depth
    big-endian, floats             little-endian, 16 bits
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import av
import numpy as np
from av.video.format import VideoFormat
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from maskstream.stages.colour import (
    ColourSpec,
    matrix_and_range,
    rgb_to_yuv,
    swscale_colour,
)
from maskstream.stages.device_picture import is_on_device, on_host, pixel_format

__all__ = ["PictureCopier", "PlaneLayout", "Samples", "planar_format", "plane_samples"]

Samples = NDArray[np.uint8] | NDArray[np.uint16]
"""(rows, line size) codes of one plane, the padding at the end of its rows included."""

_PLANAR = re.compile(r"(yuv[aj]?4\d\d|gbra?)p((9|1[0246])le)?")
_DEPTHS = (8, 9, 10, 12, 14, 16)
_SUBSAMPLING = {  # columns and rows of chroma for 8 of luma
    (8, 8): "444",
    (4, 8): "422",
    (4, 4): "420",
    (8, 4): "440",
    (2, 8): "411",
    (2, 2): "410",
}


def planar_format(fmt: VideoFormat) -> str:
    """Name the planar format that holds all that ``fmt`` does, alpha excepted."""
    if _PLANAR.fullmatch(fmt.name):
        return fmt.name
    deepest = max(component.bits for component in fmt.components)
    depth = next((depth for depth in _DEPTHS if depth >= deepest), 16)
    suffix = "" if depth == 8 else f"{depth}le"
    if fmt.is_rgb or fmt.has_palette or fmt.is_bayer:
        return f"gbrp{suffix}"
    if len(fmt.components) < 3:
        return f"yuv420p{suffix}"
    subsampling = _SUBSAMPLING[fmt.chroma_width(8), fmt.chroma_height(8)]
    return f"yuv{subsampling}p{suffix}"


@dataclass(frozen=True, slots=True)
class PlaneLayout:
    """What the first three planes of a planar picture hold."""

    shift_w: int
    """Binary logarithm of the columns that share a sample of the second and third."""
    shift_h: int
    """Binary logarithm of the rows that share one."""
    bit_depth: int
    colour: ColourSpec | None
    """None where the planes are green, blue and red."""

    @classmethod
    def of(cls, picture: av.VideoFrame) -> PlaneLayout:
        """Read the layout off a planar picture, or off one on the device."""
        fmt = pixel_format(picture)
        return cls(
            shift_w=(8 // fmt.chroma_width(8)).bit_length() - 1,
            shift_h=(8 // fmt.chroma_height(8)).bit_length() - 1,
            bit_depth=fmt.components[0].bits,
            colour=None if fmt.is_rgb else matrix_and_range(picture),
        )

    @property
    def sample_bits(self) -> int:
        """Bits that one code takes in memory, 8 or 16."""
        return 8 if self.bit_depth == 8 else 16

    def codes(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """Convert (..., 3) red, green, blue to (..., 3) codes in the planes' order."""
        if self.colour is not None:
            return rgb_to_yuv(rgb, self.colour, self.bit_depth)
        peak = 2**self.bit_depth - 1
        codes: NDArray[np.float64] = np.rint(rgb[..., [1, 2, 0]] * (peak / 255))
        return codes.astype(np.uint16)


def plane_samples(picture: av.VideoFrame) -> tuple[Samples, Samples, Samples]:
    """View the first three planes of a planar picture that may be written to."""
    dtype = np.uint8 if picture.format.components[0].bits == 8 else np.uint16
    first, second, third = (_samples(plane, dtype) for plane in picture.planes[:3])
    return first, second, third


def _samples(plane: VideoPlane, dtype: type[np.uint8 | np.uint16]) -> Samples:
    codes: Samples = np.frombuffer(plane, dtype)  # type: ignore[call-overload]  # is a buffer
    return codes.reshape(plane.height, -1)


class PictureCopier:
    """Makes planar pictures of its own from pictures that belong to the decoder.

    What lies on a device comes to the host so.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._graph_key: tuple[object, ...] = ()
        self._graph: av.filter.Graph | None = None

    def copy(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Copy a picture into planes that may be written to; never the picture itself.

        Any number of threads may read the picture meanwhile.
        """
        target = planar_format(pixel_format(picture))
        is_planar = target == picture.format.name
        if is_on_device(picture):
            copied = on_host(picture)
        else:
            # Swscale's wrapper writes to its source's tags for a moment, so that a
            # conversion starts from a second reference to the same planes.
            graph = self._graph_for(picture, "copy" if is_planar else "null")
            graph.vpush(picture)
            copied = graph.vpull()
        if not is_planar:
            copied = self._convert(copied, target)
        copied.pict_type = 0  # the encoder chooses its own, not the source's
        return copied

    def _graph_for(self, picture: av.VideoFrame, filter_name: str) -> av.filter.Graph:
        """Return a graph that passes pictures like this one through a filter."""
        # Filters, since nothing else in PyAV copies a picture's side data and flags.
        key = (
            filter_name,
            picture.width,
            picture.height,
            picture.format.name,
            picture.colorspace,
            picture.color_range,
        )
        if self._graph is None or self._graph_key != key:
            graph = av.filter.Graph()
            source = graph.add(
                "buffer",
                video_size=f"{picture.width}x{picture.height}",
                pix_fmt=picture.format.name,
                time_base="1/1",  # not used: pts pass as they are
                colorspace=str(picture.colorspace),
                range=str(picture.color_range),
            )
            passing, sink = graph.add(filter_name), graph.add("buffersink")
            graph.link_nodes(source, passing, sink).configure()
            self._graph, self._graph_key = graph, key
        return self._graph

    def _convert(self, picture: av.VideoFrame, target: str) -> av.VideoFrame:
        """Move the same codes into planes; neither matrix nor range is changed."""
        matrix, color_range = swscale_colour(picture)
        converted = self._reformatter.reformat(
            picture,
            format=target,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG,  # both alike, whatever it is in truth:
            dst_color_range=ColorRange.JPEG,  # swscale takes all grey for full range
            threads=1,
        )
        converted.colorspace = picture.colorspace
        converted.color_range = picture.color_range
        if converted.format.name.startswith("yuv"):
            was_full_range = color_range == ColorRange.JPEG
            if matrix_and_range(converted).is_full_range != was_full_range:
                converted.color_range = color_range  # grey without a tag
        return converted
