"""From labelled frames to messages, snapshots and clips that play."""

from __future__ import annotations

import logging
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.events.clip import ClipSettings
from maskstream.stages.events.detect import EventDetector
from maskstream.stages.events.event import Event, Phase
from maskstream.stages.events.rules import Rule
from tests.clips import make_clip, read_index
from tests.decoding import decode
from tests.sinks import run_sink

pytestmark = pytest.mark.slow

ROAD, PERSON = CAMVID.index("road"), CAMVID.index("pedestrian")
NOON = 1_795_867_200.0  # 2026-11-28T12:00:00Z
SEEN = Rule("seen", ("pedestrian",), 0.02, for_s=0.2, ends_after_s=0.2)


def street(path: Path, frames: int, people: range, **clip: Any) -> list[Segmentation]:
    """Decode a clip at 10 fps that begins at noon; people are seen in some frames."""
    make_clip(path, frames=frames, rate=Fraction(10), **clip)
    items = []
    for frame in decode(path).frames:
        form = frame.format
        labels = np.full((form.height, form.width), ROAD, np.uint8)
        if frame.index in people:
            labels[: form.height // 4] = PERSON
        dated = replace(frame, captured_at=NOON + frame.index / 10)
        items.append(Segmentation(dated, labels))
    return items


def detect(
    items: list[Segmentation], *rules: Rule, **settings: Any
) -> tuple[EventDetector, list[Event]]:
    """Run the sink over a whole stream; it must account for every frame."""
    told: list[Event] = []
    sink = EventDetector(rules or (SEEN,), CAMVID, Ledger(), told.append, **settings)

    ledger = run_sink(sink, items)

    account = ledger.accounts()["cam"]
    assert account.is_balanced
    assert account.sinks["events"].written == len(items)
    return sink, told


def shown(path: str | None) -> list[int]:
    """Decode a clip and read which frames it shows."""
    assert path is not None
    with av.open(path) as container:
        pictures = list(container.decode(video=0))
        assert [picture.time for picture in pictures] == pytest.approx(
            [(read_index(p) - read_index(pictures[0])) / 10 for p in pictures]
        )
        return [read_index(picture) for picture in pictures]


def test_an_event_is_told_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    """With its times by the camera's clock, its shares and one id."""
    sink, (begin, end) = detect(street(tmp_path / "a.mkv", 30, range(10, 20)))

    assert (begin.phase, end.phase) == (Phase.BEGIN, Phase.END)
    assert begin.id == end.id
    assert begin.id.startswith("20261128T120001.000Z-seen-")
    assert (begin.stream, begin.rule, begin.classes) == ("cam", "seen", ("pedestrian",))
    assert begin.began_at == end.began_at == pytest.approx(NOON + 1.0)
    assert end.ended_at == pytest.approx(NOON + 2.0)
    assert begin.share == begin.peak_share == end.peak_share == 0.25
    assert end.share == 0.0
    assert (end.is_cut, end.snapshot, end.clip) == (False, None, None)
    assert sink.counts.events() == {("cam", "seen"): 1}


def test_the_end_of_the_stream_ends_an_event(tmp_path: Path) -> None:
    """And says that it was cut."""
    _, (_, end) = detect(street(tmp_path / "a.mkv", 20, range(10, 20)))

    assert end.is_cut
    assert end.ended_at == pytest.approx(NOON + 1.9)


def test_held_labels_are_not_looked_at(tmp_path: Path) -> None:
    """They are those of another frame."""
    items = street(tmp_path / "a.mkv", 30, range(10, 20))

    _, told = detect([replace(it, is_held=it.frame.index % 4 != 0) for it in items])

    begin, end = told
    assert begin.began_at == pytest.approx(NOON + 1.2)
    assert end.ended_at == pytest.approx(NOON + 2.0)


def test_a_source_that_is_not_live_gets_the_time_of_day(tmp_path: Path) -> None:
    """Of its arrival."""
    items = street(tmp_path / "a.mkv", 20, range(20))
    undated = [replace(it, frame=replace(it.frame, captured_at=None)) for it in items]

    _, (begin, _) = detect(undated, wall_clock=lambda: NOON)

    assert begin.began_at == pytest.approx(NOON - 0.2)


def test_a_clip_shows_before_and_after(tmp_path: Path) -> None:
    """From the keyframe before, to the end of the time after; told when it is whole."""
    clips = ClipSettings(tmp_path / "clips", before_s=1.0, after_s=0.5)
    items = street(tmp_path / "a.mkv", 60, range(30, 40))

    sink, told = detect(items, clips=clips)

    assert [event.phase for event in told] == [Phase.BEGIN, Phase.END, Phase.CLIP]
    begin, end, clip = told
    assert begin.clip == end.clip == clip.clip == f"{tmp_path}/clips/{begin.id}.mp4"
    assert clip.ended_at == end.ended_at
    indices = shown(clip.clip)
    assert indices == list(range(indices[0], 46))
    assert 12 <= indices[0] <= 22  # it is told in frame 32; keyframes come each second
    assert list((tmp_path / "clips").iterdir()) == [Path(str(clip.clip))]
    assert sink.counts.clips() == {("cam", "ok"): 1}


def test_clips_of_overlapping_events_are_each_whole(tmp_path: Path) -> None:
    """Each has its own file, and a stream that ends finishes them."""
    clips = ClipSettings(tmp_path, before_s=0.5, after_s=0.5)
    other = Rule("other", ("pedestrian",), 0.1, for_s=0.5)

    _, told = detect(
        street(tmp_path / "a.mkv", 30, range(5, 30)), SEEN, other, clips=clips
    )

    made = {event.rule: shown(event.clip) for event in told if event.phase == "clip"}
    assert set(made) == {"seen", "other"}
    assert all(indices[-1] == 29 for indices in made.values())


def test_a_clip_of_a_long_event_ends(tmp_path: Path) -> None:
    """Before the event does, which is told all the same."""
    clips = ClipSettings(tmp_path, before_s=0.0, after_s=5.0, max_s=2.0)

    _, told = detect(street(tmp_path / "a.mkv", 60, range(5, 50)), clips=clips)

    assert [event.phase for event in told] == ["begin", "clip", "end"]
    assert told[1].ended_at is None
    assert shown(told[1].clip)[-1] in (27, 28)


def test_a_change_of_format_ends_a_clip(tmp_path: Path) -> None:
    """What follows has another size, which one track cannot hold."""
    small = street(tmp_path / "a.mkv", 20, range(10, 20))
    large = street(tmp_path / "b.mkv", 20, range(10), size_hw=(128, 192))
    later = [
        replace(it, frame=replace(it.frame, pts=it.frame.pts + 2000)) for it in large
    ]

    _, told = detect([*small, *later], clips=ClipSettings(tmp_path, before_s=0.5))

    (clip,) = (event for event in told if event.phase == "clip")
    assert shown(clip.clip)[-1] == 19


def test_a_rotated_stream_makes_upright_clips_and_snapshots(tmp_path: Path) -> None:
    """The clip by its tag, the snapshot by its pixels."""
    _, told = detect(
        street(tmp_path / "a.mp4", 20, range(5, 20), rotation=90),
        clips=ClipSettings(tmp_path, before_s=0.5),
        snapshots=tmp_path,
    )

    assert told[0].snapshot == f"{tmp_path}/{told[0].id}.jpg"
    picture = cv2.imread(told[0].snapshot)
    assert picture is not None
    assert picture.shape == (96, 64, 3)
    with av.open(str(told[0].clip)) as container:
        assert next(container.decode(video=0)).rotation == 90


def test_the_ring_is_bounded_in_bytes(tmp_path: Path) -> None:
    """A clip then begins later, at a keyframe."""
    clips = ClipSettings(tmp_path, before_s=5.0, after_s=0.2, max_memory=1)

    _, told = detect(street(tmp_path / "a.mkv", 50, range(35, 45)), clips=clips)

    assert shown(told[0].clip)[0] == 30


def test_the_folder_of_clips_is_bounded(tmp_path: Path) -> None:
    """The oldest go, and nothing that is not ours."""
    clips = ClipSettings(tmp_path / "clips", before_s=0.2, after_s=0.2, max_disk=1)
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "holiday.mp4").write_bytes(b"mine")
    rule = replace(SEEN, for_s=0.0)
    items = street(tmp_path / "a.mkv", 40, range(5, 10))

    detect(items, rule, clips=clips)

    assert [path.name for path in (tmp_path / "clips").iterdir()] == ["holiday.mp4"]


def test_a_disk_that_fails_costs_the_clip_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The event is told, every frame is accounted for, and one line says why."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")

    with caplog.at_level(logging.WARNING):
        sink, told = detect(
            street(tmp_path / "a.mkv", 30, range(10, 20)),
            clips=ClipSettings(blocked),
            snapshots=blocked,
        )

    assert [(event.phase, event.clip) for event in told] == [
        ("begin", None),
        ("end", None),
    ]
    assert sink.counts.clips() == {("cam", "failed"): 2}
    assert len(caplog.messages) == 2


def test_an_unknown_class_is_refused() -> None:
    """Before the stream begins."""
    with pytest.raises(ConfigError, match="no class is named 'horse'"):
        EventDetector(
            [Rule("horse", ("horse",), 0.1)], CAMVID, Ledger(), lambda _: None
        )
