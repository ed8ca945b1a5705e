"""Pictures of any kind in one size: upright, square pixels, 4:2:0 of 8 bits."""

from __future__ import annotations

import av
from av.video.reformatter import ColorRange

from maskstream.pipeline.frame import StreamFormat
from maskstream.stages.device_picture import on_host
from maskstream.stages.displayed_size import displayed_hw, nearest_even

__all__ = ["Fitter"]

_UPRIGHT = {
    0: (),
    90: (("transpose", "cclock"),),
    180: (("hflip", ""), ("vflip", "")),
    270: (("transpose", "clock"),),
}


class Fitter:
    """Makes new pictures of one size; what has another shape gets black bars.

    The picture that is given is only read: other sinks have it, too.
    """

    def __init__(self, size_hw: tuple[int, int]) -> None:
        self.size_hw = size_hw
        self._key: tuple[object, ...] = ()
        self._graph: av.filter.Graph | None = None

    def fit(self, picture: av.VideoFrame, form: StreamFormat) -> av.VideoFrame:
        """Turn, scale, letterbox and convert a picture where it needs it."""
        picture = on_host(picture)
        key = (
            form,
            picture.width,
            picture.height,
            picture.format.name,
            picture.colorspace,
            picture.color_range,
        )
        if self._graph is None or self._key != key:
            self._graph, self._key = self._make_graph(picture, form), key
        self._graph.vpush(picture)
        fitted = self._graph.vpull()
        fitted.pict_type = 0  # the encoder chooses its own, not the source's
        return fitted

    def _make_graph(
        self, picture: av.VideoFrame, form: StreamFormat
    ) -> av.filter.Graph:
        graph = av.filter.Graph()
        graph.threads = 1
        source = graph.add(
            "buffer",
            video_size=f"{picture.width}x{picture.height}",
            pix_fmt=picture.format.name,
            time_base="1/1",  # not used: each picture gets its pts afterwards
            colorspace=str(picture.colorspace),
            range=str(picture.color_range),
        )
        steps = [graph.add(name, args) for name, args in self._steps(picture, form)]
        graph.link_nodes(source, *steps, graph.add("buffersink")).configure()
        return graph

    def _steps(
        self, picture: av.VideoFrame, form: StreamFormat
    ) -> list[tuple[str, str]]:
        height, width = self.size_hw
        shown_h, shown_w = displayed_hw(form)
        scale = min(height / shown_h, width / shown_w)
        inner_h, inner_w = (
            min(nearest_even(shown_h * scale), height),
            min(nearest_even(shown_w * scale), width),
        )
        steps = [*_UPRIGHT[form.rotation]]
        is_plain = picture.format.name == "yuv420p"
        is_plain = is_plain and picture.color_range != ColorRange.JPEG
        stored_hw = picture.height, picture.width
        if form.rotation % 180:
            stored_hw = stored_hw[::-1]
        if not is_plain or stored_hw != (inner_h, inner_w):
            # Area: bilinear where it makes a picture larger, without aliases where it
            # makes it smaller.
            scaling = f"w={inner_w}:h={inner_h}:flags=area:out_range=tv"
            if picture.format.is_rgb:
                scaling += ":out_color_matrix=bt709"
            steps += [("scale", scaling), ("format", "yuv420p")]
        if (inner_h, inner_w) != (height, width):
            left, top = (width - inner_w) // 4 * 2, (height - inner_h) // 4 * 2
            steps.append(("pad", f"{width}:{height}:{left}:{top}"))
        return steps or [("null", "")]
