from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Thread

import av
import numpy as np
import pytest

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Segmentation
from maskstream.stages.masks_reader import open_masks
from maskstream.stages.recording.archive import Archive
from tests.recordings import (
    NOON,
    Camera,
    finished,
    indices_of,
    record,
    recorder,
    wait_until,
)
from tests.sinks import read_clip, times_of


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    """A camera of 96x64."""
    return Camera(tmp_path / "clips")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An empty folder for recordings."""
    return Archive(tmp_path / "recordings", wall_clock=lambda: NOON)


def test_a_segment_ends_with_the_clock(camera: Camera, archive: Archive) -> None:
    """Files begin at whole minutes, and hold every frame, in order and once."""
    items = camera.take(57.2, 58, 59, 59.99, 60, 61, 119.9, 120.1)

    account = record(recorder(archive), items)

    assert finished(archive) == [
        {"file": f"cam/2026-11-28_{name}.mp4", "frames": n, "cut": False, "reason": why}
        for name, n, why in [
            ("12-00-57", 4, "clock"),
            ("12-01-00", 3, "clock"),
            ("12-02-00", 1, "end"),
        ]
    ]
    seen = [
        index
        for segment in archive.segments("cam", 0, 2**33)
        for index in indices_of(archive.path(segment))
    ]
    assert seen == list(range(8))
    assert account.written == 8
    assert [path.name for path in archive.folder.glob("cam/*partial*")] == []


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_segment_begins_at_zero_with_a_keyframe(
    suffix: str, camera: Camera, archive: Archive
) -> None:
    """Its tags and the index say when that zero was, and its pts in the source."""
    items = camera.take(119.5, 120.25, 120.5, 121)

    record(recorder(archive, suffix=suffix), items)

    _, segment = archive.segments("cam", 0, 2**33)
    path = archive.path(segment)
    assert times_of(path) == [0, Fraction("0.25"), Fraction("0.75")]
    with av.open(str(path)) as container:
        assert next(container.demux(video=0)).is_keyframe
        tags = {name.lower(): text for name, text in container.metadata.items()}
    assert tags["creation_time"].startswith("2026-11-28T12:02:00")
    assert tags["date"] == "2026-11-28T12:02:00.250000Z"
    assert (segment.start, segment.end) == (NOON + 120.25, NOON + 121.04)
    assert segment.pts * segment.time_base == 120.25
    assert segment.bytes == path.stat().st_size
    assert (segment.height, segment.width) == (64, 96)


def test_masks_and_records_are_cut_where_the_video_is(
    camera: Camera, archive: Archive
) -> None:
    """The twins have the same frames, and lead to the same pts of the source."""
    items = camera.take(59, 59.5, 60, 60.5, 61)

    for kind in ("video", "mask", "records"):
        record(recorder(archive, kind=kind), items)

    of_kind = {
        kind: list(archive.segments("cam", 0, 2**33, [kind]))
        for kind in ("video", "mask", "records")
    }
    spans = [[(s.start, s.end, s.pts, s.frames) for s in of_kind[k]] for k in of_kind]
    assert spans[0] == spans[1] == spans[2]
    _, mask = of_kind["mask"]
    assert mask.file == "cam/2026-11-28_12-01-00.masks.mkv"
    with open_masks(archive.path(mask)) as masks:
        for (seconds, labels), item in zip(masks, items[2:], strict=True):
            assert mask.start + seconds == item.frame.captured_at
            np.testing.assert_array_equal(labels, item.labels)
    _, records = of_kind["records"]
    header, *lines = map(json.loads, archive.path(records).read_text().splitlines())
    assert header["format"] == "maskstream.records"
    assert [line["pts"] for line in lines] == [item.frame.pts for item in items[2:]]
    assert lines[0]["captured_at"] == "2026-11-28T12:01:00.000000Z"


def test_a_change_of_format_begins_a_file(tmp_path: Path, archive: Archive) -> None:
    """Another size cannot be in one file; a name that is taken gets a number."""
    small = Camera(tmp_path / "clips").take(0, 0.2)
    large = Camera(tmp_path / "clips", size_hw=(96, 128)).take(0.4, 0.6)

    record(recorder(archive), [*small, *large])

    assert [
        (s.file, s.height, s.reason) for s in archive.segments("cam", 0, 2**33)
    ] == [
        ("cam/2026-11-28_12-00-00.mp4", 64, "format"),
        ("cam/2026-11-28_12-00-00-2.mp4", 96, "end"),
    ]


def test_times_that_jump_begin_a_file(camera: Camera, archive: Archive) -> None:
    """Or start and pts together would no longer tell when a frame was taken."""
    before = camera.take(0, 1, 2)
    after = camera.take(0, 1, start=NOON + 30)  # pts begin anew

    record(recorder(archive), [*before, *after])

    assert [(it["frames"], it["reason"]) for it in finished(archive)] == [
        (3, "jump"),
        (2, "end"),
    ]


def test_frames_that_arrive_unevenly_stay_in_one_file(
    camera: Camera, archive: Archive
) -> None:
    """Times of arrival waver, and may step over the minute and back."""
    items = camera.take(58, 60.001, 59.999, 62, 64, 61.5)

    record(recorder(archive), items)

    assert [it["frames"] for it in finished(archive)] == [1, 5]


@pytest.mark.slow
def test_a_file_is_partial_and_playable_while_it_is_written(
    tmp_path: Path, archive: Archive
) -> None:
    """What is older than a part of a second can be watched, and the index names it."""
    camera = Camera(tmp_path / "clips", frames=60)
    sink = recorder(archive)
    outcomes = sink(Channel.of(*camera.take(*(i / 25 for i in range(60)))))
    for _ in range(60):
        next(outcomes)

    (segment,) = archive.segments("cam", NOON, NOON + 1)
    path = archive.path(segment)
    seen = list(indices_of(path))

    assert segment.end is None
    assert path.name == "2026-11-28_12-00-00.partial.mp4"
    assert seen == list(range(len(seen)))
    assert len(seen) >= 60 - 25 - 2  # a second, and what the encoder's threads hold
    outcomes.close()
    assert finished(archive)[0]["frames"] == 60


@pytest.mark.slow
def test_a_silent_camera_does_not_keep_a_file_open(
    camera: Camera, archive: Archive
) -> None:
    """Its time over, the file takes its name without a frame that ends it."""
    sink = replace(recorder(archive), wall_clock=lambda: NOON + 71)
    inbox: Channel[Segmentation] = Channel(4)
    for item in camera.take(58, 59):
        inbox.send(item)

    thread = Thread(target=lambda: list(sink(inbox)))
    thread.start()
    try:
        wait_until(lambda: archive.folder.exists() and bool(finished(archive)))
        wait_until(lambda: finished(archive)[0]["reason"] is not None)
    finally:
        inbox.close()
        thread.join()

    assert [(it["frames"], it["reason"]) for it in finished(archive)] == [(2, "clock")]


def test_a_camera_without_a_clock_is_recorded_by_that_of_the_machine(
    clip: Path, archive: Archive
) -> None:
    """A frame that does not say when it was taken was taken on arrival."""
    record(recorder(archive), read_clip(clip)[0])

    assert finished(archive)[0]["file"] == "cam/2026-11-28_12-00-00.mp4"


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_no_codec_holds_frames_back_for_long(
    codec: str, camera: Camera, archive: Archive
) -> None:
    """They would be lost in a crash, and seconds at the rate of a slow camera."""
    sink = recorder(archive, codec=codec)
    items = camera.take(*(i / 5 for i in range(20)))
    outcomes = sink(Channel.of(*items))
    for _ in items:
        next(outcomes)

    written = sink.ledger.accounts()["cam"].written
    outcomes.close()

    assert written >= 18
    assert finished(archive)[0]["frames"] == 20
