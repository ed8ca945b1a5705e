"""NVDEC: the decoder of a CUDA device, which leaves its pictures there.

FFmpeg decodes in software what NVDEC does not take, picture by picture: where pictures
come from is seen by looking at them. By default it copies each out of NVDEC's own
surfaces, so that any number may be kept (libavcodec/nvdec.c, nvdec_retrieve_data).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import av
from av.codec.hwaccel import HWAccel
from av.video.stream import VideoStream

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.device_picture import is_on_device, on_host, pixel_format

__all__ = ["Nvdec", "check_nvdec"]

_logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Nvdec:
    """NVDEC for one stream, over all its connections."""

    stream: str
    """The id of the stream, for the log."""
    device: str = "cuda:0"
    _has_told: bool = False

    def accelerator(self) -> HWAccel:
        """Make what `av.open` takes; pictures stay on the device."""
        _, _, index = self.device.partition(":")
        return HWAccel("cuda", index, allow_software_fallback=True, is_hw_owned=True)

    def settle(self, picture: av.VideoFrame, video: VideoStream) -> av.VideoFrame:
        """Return a picture that every reader can have: on the device, or on the host.

        On the device only NV12 of even sides is read; the rest is brought to the host
        at once. Says once that a picture was decoded in software.
        """
        if is_on_device(picture):
            is_even = picture.height % 2 == picture.width % 2 == 0
            is_readable = is_even and pixel_format(picture).name == "nv12"
            return picture if is_readable else on_host(picture)
        if not self._has_told:
            self._has_told = True
            _logger.warning(
                "%s: decoded in software, since NVDEC here does not take it: %s",
                self.stream,
                _describe(picture, video),
            )
        return picture


def check_nvdec(device: str = "cuda:0") -> None:
    """See that FFmpeg can use a CUDA device.

    Raises:
        ConfigError: It cannot.
    """
    try:
        Nvdec("", device).accelerator().create(av.Codec("h264", "r"))
    except av.FFmpegError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"decoder nvdec needs a CUDA device that FFmpeg can use, and {device} is "
            f"none ({reason}); decoder auto and software do without"
        ) from error


def _describe(picture: av.VideoFrame, video: VideoStream) -> str:
    context = video.codec_context
    profile = f" {context.profile}" if context.profile else ""
    kind = f"{context.codec.canonical_name}{profile} in {picture.format.name}"
    return f"{kind}, {picture.width}x{picture.height}"
