"""Annotate: labelled frames -> the same frames with their classes painted on them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import av

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import Clock
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.device_picture import is_on_device
from maskstream.stages.legend import PanelImage, draw_legend, draw_status
from maskstream.stages.overlay import Overlay
from maskstream.stages.overlay_kernel import prepare_kernel
from maskstream.stages.panel import Corner, Panel
from maskstream.stages.planes import PictureCopier, PlaneLayout, plane_samples

if TYPE_CHECKING:  # loads torch
    from maskstream.stages.device_overlay import DeviceOverlay

__all__ = ["Annotator"]

_ROWS_PER_CONTOUR_PX = 480
_RATE_FRAMES = 50  # the speed shown is the mean over as many


@dataclass(frozen=True, slots=True)
class Annotator:
    """Paints new pictures; those that the decoder gave are only read.

    A picture keeps its pixel format if that is planar, and gets the nearest planar one
    otherwise (`maskstream.stages.planes`). Where nothing is painted it stays bit-exact.

    Raises:
        ConfigError: ``alpha`` is not a share, or a hidden class does not exist.
    """

    classes: ClassTable
    clock: Clock
    alpha: float = 0.5
    """0 shows the picture, 1 the class colour alone."""
    hidden: Collection[str] = ()
    """Classes that are left unpainted."""
    contours: bool = False
    """Draw the borders of the classes in their full colours."""
    legend: bool = True
    """Show the names of the classes, at the bottom left."""
    status: bool = False
    """Show the media time and the speed of the output, at the top left."""
    stays_on_device: bool = False
    """Paint what lies on the device there, without legend and status, and leave it
    there, for an encoder that takes it so."""

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise ConfigError(f"alpha must be between 0 and 1, got {self.alpha}")
        for name in self.hidden:
            self.classes.index(name)

    def __call__(self, inbox: Inbox) -> Outputs:
        """Yield each segmentation with a new picture in its frame."""
        prepare_kernel()
        copier = PictureCopier()
        speed = _Speed(self.clock)
        painter: _Painter | None = None
        for item in inbox:
            frame = item.frame
            picture = frame.picture
            stays = self.stays_on_device and is_on_device(picture)
            if not stays:
                picture = copier.copy(picture)
            layout = PlaneLayout.of(picture)
            key = (layout, picture.height, picture.width, frame.format.rotation)
            if painter is None or painter.key != key:
                painter = _Painter(self, key)
            if stays:
                picture = painter.painted_on_device(picture, item)
            else:
                painter.paint(picture, item, speed.per_second())
            picture.pts, picture.time_base = frame.pts, frame.format.time_base
            yield replace(item, frame=replace(frame, picture=picture))


class _Painter:
    """What is painted on pictures of one layout, size and rotation."""

    def __init__(
        self, settings: Annotator, key: tuple[PlaneLayout, int, int, int]
    ) -> None:
        self.key = key
        self._layout, height, width, self._rotation = key
        self._size_hw = height, width
        self._upright_hw = (width, height) if self._rotation % 180 else (height, width)
        self._has_status = settings.status

        names, colours = settings.classes.names, settings.classes.colours
        visible = [i for i, name in enumerate(names) if name not in settings.hidden]
        thickness = max(1, min(height, width) // _ROWS_PER_CONTOUR_PX)
        self._overlay = Overlay.of(
            colours,
            visible=visible,
            alpha=settings.alpha,
            contour_px=thickness if settings.contours else 0,
            layout=self._layout,
        )
        image = None
        if settings.legend:
            image = draw_legend(
                [names[i] for i in visible],
                [colours[i] for i in visible],
                self._upright_hw,
                self._layout,
            )
        self._device_overlay: DeviceOverlay | None = None
        self._legend = None if image is None else self._panel(image, Corner.BOTTOM_LEFT)

    def paint(
        self, picture: av.VideoFrame, item: Segmentation, per_second: float | None
    ) -> None:
        """Paint a picture that may be written to."""
        planes = plane_samples(picture)
        self._overlay.blend(planes, item.labels)
        if self._legend is not None:
            self._legend.blend(planes)
        if self._has_status:
            speed = "" if per_second is None else f"{per_second:.1f} fps"
            image = draw_status(
                _media_time(item.frame), speed, self._upright_hw, self._layout
            )
            if status := self._panel(image, Corner.TOP_LEFT):
                status.blend(planes)

    def painted_on_device(
        self, picture: av.VideoFrame, item: Segmentation
    ) -> av.VideoFrame:
        """Paint a copy of a picture that lies on the device."""
        from maskstream.stages.device_overlay import DeviceOverlay

        if self._device_overlay is None:
            self._device_overlay = DeviceOverlay.of(self._overlay, picture)
        return self._device_overlay.painted(picture, item.labels)

    def _panel(self, image: PanelImage, corner: Corner) -> Panel | None:
        return Panel.of(image, corner, self._size_hw, self._rotation, self._layout)


class _Speed:
    """Frames a second that come by."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._passed: deque[float] = deque(maxlen=_RATE_FRAMES + 1)

    def per_second(self) -> float | None:
        """Count one frame more; None until time has passed."""
        self._passed.append(self._clock())
        elapsed_s = self._passed[-1] - self._passed[0]
        return (len(self._passed) - 1) / elapsed_s if elapsed_s > 0 else None


def _media_time(frame: Frame) -> str:
    """Write a frame's pts as hours, minutes, seconds and milliseconds."""
    total_ms = math.floor(frame.pts * frame.format.time_base * 1000)
    seconds, ms = divmod(abs(total_ms), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if total_ms < 0 else ""
    return f"{sign}{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
