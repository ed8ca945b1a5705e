from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.mask_track import MaskTrack
from tests.clips import make_clip
from tests.sinks import read_clip, run_sink, times_of

UNEVEN = [3, 512, 1500, 1700, 3000]


def write_masks(source: Path, output: Path) -> Ledger:
    """Write the masks of a clip."""
    return run_sink(MaskTrack(output, CAMVID, Ledger()), read_clip(source)[0])


@pytest.mark.parametrize("size_hw", [(64, 96), (65, 97), (1, 1)])
def test_class_ids_come_back_as_they_were(
    size_hw: tuple[int, int], tmp_path: Path
) -> None:
    """The track is lossless and has the size of the source, odd or not."""
    source = make_clip(tmp_path / "source.mkv", codec="ffv1", frames=5, size_hw=size_hw)

    ledger = write_masks(source, tmp_path / "masks.mkv")

    with av.open(str(tmp_path / "masks.mkv")) as container:
        decoded = [frame.to_ndarray() for frame in container.decode(video=0)]
    for item, labels in zip(read_clip(source)[0], decoded, strict=True):
        np.testing.assert_array_equal(labels, item.labels)
    assert ledger.accounts()["cam"].is_balanced


def test_any_player_shows_it_at_the_millisecond(tmp_path: Path) -> None:
    """Read as plain Matroska, the pts are those of the source, rounded."""
    source = make_clip(
        tmp_path / "source.mp4",
        frames=5,
        pts=UNEVEN,
        time_base=Fraction(1, 12800),
        rotation=90,
    )

    write_masks(source, tmp_path / "masks.mkv")

    rounded = [Fraction(round(time * 1000), 1000) for time in times_of(source)]
    assert times_of(tmp_path / "masks.mkv") == rounded
    with av.open(str(tmp_path / "masks.mkv")) as container:
        track = container.streams.video[0]
        assert track.codec_context.name == "ffv1"
        assert track.codec_context.pix_fmt == "gray"
        assert track.metadata["MASKSTREAM_TIME_BASE"] == "1/12800"
        assert next(container.decode(video=0)).rotation == 90


def test_every_mask_is_a_keyframe(tmp_path: Path, clip: Path) -> None:
    """A reader can begin at any of them."""
    write_masks(clip, tmp_path / "masks.mkv")

    with av.open(str(tmp_path / "masks.mkv")) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    assert len(packets) == 20
    assert all(packet.is_keyframe for packet in packets)
