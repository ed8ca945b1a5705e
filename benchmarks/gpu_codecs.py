"""What the GPU's own decoder and encoder give, through PyAV.

NVDEC with pictures brought back to the host, NVDEC with pictures that stay (DLPack),
and NVENC from the device's planes (`VideoFrame.from_dlpack`): what PyAV 18 offers. H100
and H200 have no NVENC. What a machine has not is told in its row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import torch
from av.codec.hwaccel import HWAccel
from av.video.codeccontext import VideoCodecContext
from torch.utils.dlpack import from_dlpack

from benchmarks.gpu_report import Row
from benchmarks.gpu_sizes import Sizes
from tests.clips import make_clip

__all__ = ["time_codecs"]


def time_codecs(sizes: Sizes) -> Iterator[Row]:
    """Yield a row for each way to decode a clip, and for encoding on the device."""
    frames = 250 if sizes.device.type == "cuda" else 10
    with TemporaryDirectory() as folder:
        clip = make_clip(
            Path(folder) / "clip.mp4", frames=frames, size_hw=sizes.frame_hw
        )
        yield _row("decode, software", lambda: _decode(clip, None))
        yield _row(
            "decode, NVDEC to the host", lambda: _decode(clip, _cuda(is_hw_owned=False))
        )
        yield _row(
            "decode, NVDEC, kept", lambda: _decode(clip, _cuda(is_hw_owned=True))
        )
    yield _row("encode, NVENC from the device", lambda: _encode(frames, sizes))


def _cuda(*, is_hw_owned: bool) -> HWAccel:
    return HWAccel("cuda", allow_software_fallback=False, is_hw_owned=is_hw_owned)


def _row(way: str, work: Callable[[], int]) -> Row:
    """Count frames a second, or tell why there are none."""
    began = time.perf_counter()
    try:
        num_frames = work()
    except (av.FFmpegError, RuntimeError, NotImplementedError) as error:
        return {"way": way, "frames a second": f"{type(error).__name__}: {error}"[:90]}
    return {
        "way": way,
        "frames a second": round(num_frames / (time.perf_counter() - began), 1),
    }


def _decode(clip: Path, hwaccel: HWAccel | None) -> int:
    """Decode all, and look at the planes that stay on the device as torch sees them."""
    num_frames = 0
    with av.open(str(clip), hwaccel=hwaccel) as container:
        container.streams.video[0].thread_type = "AUTO"
        for picture in container.decode(video=0):
            num_frames += 1
            if picture.format.name == "cuda":
                # Capsules: torch would ask for its own stream, which PyAV refuses.
                planes = [from_dlpack(one.__dlpack__()) for one in picture.planes]
                assert all(one.is_cuda for one in planes)
    return num_frames


def _encode(num_frames: int, sizes: Sizes) -> int:
    height, width = sizes.frame_hw
    if sizes.device.type == "cpu":
        raise RuntimeError("no CUDA device")
    # As one: NVENC is told where Y is, and takes what follows it for UV.
    grey = torch.full((height * 3 // 2, width), 128, dtype=torch.uint8).to(sizes.device)
    y, uv = grey[:height], grey[height:]
    encoder = av.CodecContext.create("h264_nvenc", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height = width, height
    encoder.pix_fmt, encoder.sw_format = "cuda", "nv12"
    encoder.time_base = Fraction(1, 25)
    num_packets = 0
    for index in range(num_frames):
        picture = av.VideoFrame.from_dlpack((y, uv), format="nv12")
        picture.pts, picture.time_base = index, encoder.time_base
        num_packets += len(encoder.encode(picture))
    return num_packets + len(encoder.encode(None))
