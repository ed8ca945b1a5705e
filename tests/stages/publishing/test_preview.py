"""What people see of a stream in the page."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from threading import Event, Thread
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from maskstream.models.classes import CAMVID
from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.frame import Segmentation, StreamFormat
from maskstream.stages.annotate import Annotator
from maskstream.stages.overlay_kernel import prepare_kernel
from maskstream.stages.publishing.fragments import CODEC
from maskstream.stages.publishing.preview import LivePreview
from maskstream.stages.publishing.wire import TICKS_PER_S
from tests.clips import read_index
from tests.live_feed import make_item
from tests.native_memory import native_bytes_in_use

pytestmark = pytest.mark.slow

FORM = StreamFormat(240, 320, Fraction(1, 1000), average_rate=Fraction(25))
LARGE = StreamFormat(1080, 1920, Fraction(1, 1000))


@pytest.fixture(scope="module", autouse=True)
def _compiled_kernel() -> None:
    prepare_kernel()


class Show:
    """A preview that is fed one item at a time, as its stage's thread would be."""

    def __init__(self) -> None:
        self.preview = LivePreview(
            "cam", Annotator(CAMVID, legend=False, clock=monotonic_clock)
        )
        self._inbox = Channel[Segmentation](4)
        self._stage = self.preview(self._inbox)

    def show(self, *items: Segmentation) -> None:
        """Pass items through the stage."""
        for item in items:
            self._inbox.send(item)
            next(self._stage)

    def end(self) -> None:
        """End the stream."""
        self._inbox.close()
        assert next(self._stage, "ended") == "ended"


@pytest.fixture
def show() -> Iterator[Show]:
    """Give a preview that nobody watches yet."""
    made = Show()
    yield made
    made.end()


def items(*indices: int, form: StreamFormat = FORM) -> list[Segmentation]:
    """Make items that carry these indices."""
    return [make_item(index, form) for index in indices]


def decoded(mp4: bytes) -> list[av.VideoFrame]:
    """Decode what a watcher got."""
    with av.open(io.BytesIO(mp4), "r") as container:
        return list(container.decode(video=0))


def pixels_of(jpeg: bytes | None) -> NDArray[np.uint8]:
    """Decode a JPEG to (H, W, 3) BGR."""
    assert jpeg is not None
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(pixels, np.uint8)


def boxes(mp4: bytes) -> list[str]:
    """Name the boxes of the outermost level."""
    names = []
    position = 0
    while position < len(mp4):
        names.append(mp4[position + 4 : position + 8].decode())
        position += int.from_bytes(mp4[position : position + 4], "big")
    return names


def test_a_watcher_gets_a_head_and_then_a_fragment_a_frame(show: Show) -> None:
    """Together they decode to the frames, at their times; the last is still to come."""
    with show.preview.watch() as pieces:
        show.show(*items(*range(12)))
        got = [next(pieces) for _ in range(12)]

    assert boxes(got[0]) == ["ftyp", "moov"]
    assert [boxes(piece) for piece in got[1:]] == [["moof", "mdat"]] * 11
    pictures = decoded(b"".join(got))
    assert [read_index(picture) for picture in pictures] == list(range(11))
    times = [picture.time for picture in pictures]
    assert np.diff(times) == pytest.approx([0.04] * 10, abs=1e-4)


def test_the_codec_is_what_the_page_was_told(show: Show) -> None:
    """Browsers refuse what is not in the head as it was named."""
    with show.preview.watch() as pieces:
        show.show(*items(1, 2))
        head = next(pieces)

    where = head.index(b"avcC")
    assert f"avc1.{head[where + 5 : where + 8].hex().upper()}" == CODEC


def test_who_comes_later_begins_with_a_keyframe_at_once(show: Show) -> None:
    """Both watchers get the same fragments, which are encoded once."""
    with show.preview.watch() as first:
        show.show(*items(*range(5)))
        with show.preview.watch() as second:
            show.show(*items(5, 6, 7))
            late = [next(second) for _ in range(3)]
        early = [next(first) for _ in range(8)]

    assert late[1:] == early[-2:]
    assert [read_index(picture) for picture in decoded(b"".join(late))] == [5, 6]


def test_a_large_picture_is_made_small(show: Show) -> None:
    """At most 960 on its longer side, in its own shape."""
    with show.preview.watch() as pieces, show.preview.watch_jpegs() as jpegs:
        show.show(*items(9, 10, form=LARGE))
        got = [next(pieces) for _ in range(2)]
        jpeg = pixels_of(next(jpegs))

    (picture,) = decoded(b"".join(got))
    assert (picture.height, picture.width) == (540, 960)
    assert jpeg.shape == (540, 960, 3)
    assert read_index(picture) == 9


def test_another_size_begins_with_another_head(show: Show) -> None:
    """And with a keyframe; times go on, without a gap that a player would stop at."""
    with show.preview.watch() as pieces:
        show.show(*items(1, 2, 3), *items(4, 5, 6, form=LARGE))
        got = [next(pieces) for _ in range(7)]

    kinds = [boxes(piece)[0] for piece in got]
    assert kinds == ["ftyp", "moof", "moof", "moof", "ftyp", "moof", "moof"]
    before, after = decoded(b"".join(got[:4])), decoded(b"".join(got[4:]))
    assert [read_index(picture) for picture in before + after] == [1, 2, 3, 4, 5]
    assert before[-1].time is not None
    end = before[-1].time + before[-1].duration / TICKS_PER_S
    assert after[0].time == pytest.approx(end, abs=1e-3)


def test_classes_are_painted_and_a_plain_snapshot_shows_none(show: Show) -> None:
    """A snapshot has the full size."""
    (item,) = items(0, form=LARGE)
    sky = np.full(item.labels.shape, CAMVID.index("sky"), np.uint8)
    show.show(replace(item, labels=sky))

    plain = pixels_of(show.preview.snapshot(masked=False))
    masked = pixels_of(show.preview.snapshot())
    assert plain.shape == masked.shape == (1080, 1920, 3)
    given = item.frame.picture.to_ndarray(format="bgr24").astype(float)
    assert np.abs(plain - given).mean() < 2
    assert np.abs(masked - given).mean() > 10


def test_there_is_no_snapshot_before_the_first_frame(show: Show) -> None:
    """Nothing is better than a picture of nothing."""
    assert show.preview.snapshot() is None


def test_labels_turn_with_the_picture(show: Show) -> None:
    """A picture that is stored on its side is painted where its classes are."""
    form = replace(LARGE, rotation=90)
    (item,) = items(0, form=form)
    labels = np.full(item.labels.shape, 255, np.uint8)
    bare = replace(item, labels=labels.copy())
    labels[:, :100] = CAMVID.index("sky")  # the left side is the bottom when upright
    with show.preview.watch_jpegs() as jpegs:
        show.show(bare)
        before = pixels_of(next(jpegs)).astype(float)
        show.show(replace(item, labels=labels))
        after = pixels_of(next(jpegs)).astype(float)

    assert before.shape == (960, 540, 3)
    changed = np.abs(after - before).mean(axis=(1, 2))
    assert changed[-40:].min() > 5
    assert changed[:-60].mean() < changed[-40:].mean() / 2


def test_jpegs_are_those_of_the_newest_frames(show: Show) -> None:
    """Who is slow sees the newest one next."""
    with show.preview.watch_jpegs() as jpegs:
        show.show(*items(1, 2, 3))
        jpeg = next(jpegs)

    picture = av.VideoFrame.from_ndarray(pixels_of(jpeg), format="bgr24")
    assert read_index(picture) == 3


def test_a_slow_watcher_goes_on_at_a_keyframe(show: Show) -> None:
    """All that it gets can be decoded, and little waits for it."""
    with show.preview.watch() as pieces:
        show.show(*items(*range(120)))  # keyframes are 0, 50 and 100
        got = [next(pieces) for _ in range(20)]

    assert [read_index(p) for p in decoded(b"".join(got))] == [*range(100, 119)]


def test_those_who_leave_leave_nothing_for_the_collector(show: Show) -> None:
    """The muxer and the encoder of each go at once, not some visits later."""

    def visit() -> None:
        with show.preview.watch() as pieces:
            show.show(*items(1, 2))
            assert next(pieces)
        show.show(*items(3))

    for _ in range(5):
        visit()
    gc.collect()
    gc.disable()
    try:
        before = native_bytes_in_use()
        for _ in range(20):
            visit()
        left = native_bytes_in_use() - before
    finally:
        gc.enable()

    assert left < 20 * 10_000


def test_watchers_end_with_the_stream(show: Show) -> None:
    """Those who wait are woken, and who comes later finds that it is over."""
    seen: list[bytes] = []
    with show.preview.watch() as pieces:
        watching = Thread(target=lambda: seen.extend(pieces))
        watching.start()
        show.end()
        watching.join(10)

    assert not watching.is_alive()
    with show.preview.watch_jpegs() as jpegs:
        assert list(jpegs) == []


def test_watchers_see_that_the_camera_is_away() -> None:
    """Before it ever was, and after it went; the newest frame is the first after it."""
    show: Any = LivePreview(
        "cam", Annotator(CAMVID, legend=False, clock=monotonic_clock)
    )
    inbox = Channel[Segmentation](4)
    is_done = Event()

    def run() -> None:
        for _ in show(inbox):
            pass
        is_done.set()

    stage = Thread(target=run)
    with show.watch_jpegs() as jpegs, show.watch() as pieces:
        stage.start()
        black = pixels_of(next(jpegs))
        head = next(pieces)
        inbox.send(make_item(255, FORM))
        while pixels_of(picture := next(jpegs)).shape[:2] != (240, 320):
            pass
        bright = pixels_of(picture).mean()
        while pixels_of(picture := next(jpegs)).mean() > bright / 2:
            pass
        inbox.close()
        stage.join(10)

    assert is_done.is_set()
    assert black.shape == (360, 640, 3)
    assert 0 < black.mean() < 60
    assert boxes(head) == ["ftyp", "moov"]
