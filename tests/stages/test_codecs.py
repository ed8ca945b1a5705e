"""The settings of x264: what goes with its preset, and what a live stream takes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from maskstream.stages.codecs import CODECS, encoder_options

H264 = CODECS["h264"]


def packets_by_picture(options: Mapping[str, str]) -> list[int]:
    """Encode 12 pictures; how many packets came of each."""
    context = av.CodecContext.create(H264.encoder, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base = Fraction(1, 25)
    context.options = encoder_options(H264, options)
    context.thread_count = 1
    counts = []
    for pts in range(12):
        pixels = np.full((72, 64), 10 * pts, np.uint8)
        picture = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
        picture.pts = pts
        counts.append(len(context.encode(picture)))
    return counts


def test_a_file_has_frames_between_its_frames() -> None:
    """The default holds pictures back, to predict those between from both sides."""
    assert packets_by_picture({})[:3] == [0, 0, 0]


def test_a_live_stream_holds_nothing_back() -> None:
    """With the options for low delay each picture is a packet at once."""
    assert packets_by_picture(H264.low_delay) == [1] * 12


@pytest.mark.parametrize(("preset", "has_own"), [("ultrafast", True), ("slow", False)])
def test_another_preset_has_its_own_settings(preset: str, has_own: bool) -> None:
    """What was chosen for the default preset does not weaken a slower one."""
    options = encoder_options(H264, {"preset": preset})

    assert ("b_strategy" in options) is has_own
    assert options["crf"] == H264.options["crf"]
