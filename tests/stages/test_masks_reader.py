from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import SourceError
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.mask_png import PaletteImages
from maskstream.stages.mask_track import MaskTrack
from maskstream.stages.masks_reader import open_masks
from tests.clips import make_clip
from tests.sinks import read_clip, run_sink

UNEVEN = [3, 512, 1500, 1700, 3000, 30000]


@pytest.fixture(params=["masks.mkv", "images"])
def masks_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Masks of a clip of uneven rate, in each form that can be read."""
    path: Path = tmp_path / request.param
    sink = MaskTrack if path.suffix else PaletteImages
    run_sink(sink(path, CAMVID, Ledger()), uneven_items(tmp_path))
    return path


def uneven_items(tmp_path: Path) -> list[Segmentation]:
    """Frames and labels of a clip of uneven rate."""
    clip = make_clip(
        tmp_path / "source.mp4",
        frames=6,
        pts=UNEVEN,
        time_base=Fraction(1, 12800),
        muxer_options={"movie_timescale": "12800"},  # or it would begin at 0
    )
    return read_clip(clip)[0]


def test_masks_come_with_the_exact_time_of_their_picture(
    masks_path: Path, tmp_path: Path
) -> None:
    """Times are those of the source to the last bit, classes and palette go along."""
    items = uneven_items(tmp_path)

    with open_masks(masks_path) as masks:
        seen = list(masks)

        assert masks.classes == CAMVID
        assert tuple(masks.palette[3]) == CAMVID.colours[3]
        assert len(masks) == 6
    assert [seconds for seconds, _ in seen] == [i.frame.pts_seconds for i in items]
    for item, (_, labels) in zip(items, seen, strict=True):
        assert labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, item.labels)


@pytest.mark.parametrize(
    ("seconds", "index"),
    [
        (-1.0, 0),
        (0.0, 0),
        (512 / 12800, 1),
        (512 / 12800 - 1e-6, 0),
        (0.2, 3),
        (1.0, 4),
        (99.0, 5),
    ],
)
def test_the_mask_on_screen_is_the_last_that_has_begun(
    seconds: float, index: int, masks_path: Path, tmp_path: Path
) -> None:
    """A time between two pictures belongs to the earlier one."""
    expected = uneven_items(tmp_path)[index].labels

    with open_masks(masks_path) as masks:
        np.testing.assert_array_equal(masks.at(seconds), expected)


def test_iteration_begins_where_seek_has_gone(masks_path: Path) -> None:
    """It does so every time, and asking for one mask does not disturb it."""
    with open_masks(masks_path) as masks:
        masks.seek(0.2)

        for _ in range(2):
            seen = []
            for seconds, _ in masks:
                seen.append(seconds)
                masks.at(0.0)
            assert seen == [pts / 12800 for pts in UNEVEN[3:]]


def test_a_track_that_was_cut_off_is_read_to_its_end(tmp_path: Path) -> None:
    """Without the index that a whole file ends with, seeking works too."""
    items = uneven_items(tmp_path)
    run_sink(MaskTrack(tmp_path / "masks.mkv", CAMVID, Ledger()), items)
    content = (tmp_path / "masks.mkv").read_bytes()
    cues = content.rindex(b"\x1c\x53\xbb\x6b")  # the element that is the index
    (tmp_path / "cut.mkv").write_bytes(content[:cues])

    with open_masks(tmp_path / "cut.mkv") as masks:
        assert len(list(masks)) == 6
        np.testing.assert_array_equal(masks.at(0.2), items[3].labels)


def test_a_copy_by_another_program_is_right_to_the_millisecond(tmp_path: Path) -> None:
    """The exact times may be lost on the way; those of Matroska remain."""
    run_sink(
        MaskTrack(tmp_path / "masks.mkv", CAMVID, Ledger()), uneven_items(tmp_path)
    )
    with (
        av.open(str(tmp_path / "masks.mkv")) as source,
        av.open(str(tmp_path / "copy.mkv"), "w") as copy,
    ):
        track = copy.add_stream_from_template(source.streams.video[0])
        track.metadata.update(source.streams.video[0].metadata)
        for packet in source.demux(video=0):
            if packet.size:
                plain = av.Packet(bytes(packet))
                plain.pts, plain.dts = packet.pts, packet.pts
                plain.time_base, plain.stream = packet.time_base, track
                plain.is_keyframe = True
                copy.mux(plain)

    with open_masks(tmp_path / "copy.mkv") as masks:
        assert [seconds for seconds, _ in masks][:3] == [0.0, 0.04, 0.117]


def test_what_holds_no_masks_is_refused(tmp_path: Path, clip: Path) -> None:
    """A missing file, a plain video and a plain folder give a sentence each."""
    refusals = {
        tmp_path / "none.mkv": "none.mkv cannot be read: no such file",
        clip: "clip.mp4 has no mask track of maskstream",
        tmp_path: "has no classes.json, so no masks of maskstream",
    }
    for path, sentence in refusals.items():
        with pytest.raises(SourceError, match=sentence), open_masks(path):
            pass
