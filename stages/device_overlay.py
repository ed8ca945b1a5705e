"""The overlay painted where a picture lies: NV12 on the device in, new NV12 out.

The samples are those that `maskstream.stages.overlay` makes on the host. With a picture
go its times and colour tags; captions and the order of fields stay behind.

Import it where a picture is on the device: torch takes seconds to load.
"""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
import torch
from av.video.frame import CudaContext
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from maskstream.models.kernels.overlay import blend_on_device
from maskstream.pipeline.frame import Labels
from maskstream.stages.overlay import Overlay

__all__ = ["DeviceOverlay"]

_PITCH = 256  # bytes that the rows are a multiple of, as FFmpeg's own are


@dataclass(frozen=True, slots=True, eq=False)
class DeviceOverlay:
    """An overlay's tables on a device. All is done on its default stream.

    That is FFmpeg's stream too, so that what NVDEC writes is there before it is read.
    """

    keep: Tensor  # (513,) int32
    add: Tensor  # (3, 513) int32
    contour_px: int
    context: CudaContext
    """One for all pictures, since an encoder takes those of one only."""

    @classmethod
    def of(cls, overlay: Overlay, picture: av.VideoFrame) -> DeviceOverlay:
        """Lay out the tables where ``picture`` lies."""
        device = from_dlpack(picture.planes[0].__dlpack__()).device
        keep, add = (
            torch.from_numpy(table.astype(np.int32)).to(device)
            for table in (overlay.keep, overlay.add)
        )
        return cls(keep, add, overlay.contour_px, CudaContext(device.index or 0))

    def painted(self, picture: av.VideoFrame, labels: Labels) -> av.VideoFrame:
        """Make a painted picture, and wait until the device has done so.

        Args:
            picture: NV12 of even sides; only read.
            labels: (H, W) as stored, like the picture.
        """
        y, uv = (from_dlpack(plane.__dlpack__()) for plane in picture.planes)
        height, width = y.shape
        # As one: NVENC is told where Y is, and takes what follows it for UV.
        rows = height * 3 // 2, -(-width // _PITCH) * _PITCH
        both = torch.empty(rows, dtype=torch.uint8, device=y.device)[:, :width]
        new_y, new_uv = both[:height], both[height:].view(height // 2, -1, 2)
        new_y.copy_(y)
        new_uv.copy_(uv)
        planes = new_y, new_uv[..., 0], new_uv[..., 1]
        on_device = torch.from_numpy(np.ascontiguousarray(labels)).to(y.device)
        with torch.cuda.device_of(y):  # type: ignore[no-untyped-call]
            blend_on_device(planes, on_device, self.keep, self.add, self.contour_px)
        if y.is_cuda:
            torch.cuda.default_stream(y.device).synchronize()
        painted = av.VideoFrame.from_dlpack(
            (new_y, new_uv),
            format="nv12",
            cuda_context=self.context if y.is_cuda else None,
        )
        painted.colorspace = picture.colorspace
        painted.color_range = picture.color_range
        painted.color_primaries = picture.color_primaries
        painted.color_trc = picture.color_trc
        return painted
