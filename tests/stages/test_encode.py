from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.encode import VideoEncoder
from maskstream.stages.masks_reader import open_masks
from maskstream.stages.verify import verify
from tests.clips import make_clip, read_index
from tests.sinks import read_clip, run_sink, times_of

UNEVEN = [0, 512, 1500, 1700, 3000, 3512, 3600, 5000, 7000, 7512, 8000, 9000]
EXACT = Fraction(1, 12800)

CLIPS: dict[str, dict[str, Any]] = {
    "plain": {},
    "variable rate": {"pts": UNEVEN, "time_base": EXACT, "frames": 12},
    "variable rate and b-frames": {
        "pts": UNEVEN,
        "time_base": EXACT,
        "frames": 12,
        "b_frames": True,
        "codec_options": {"preset": "veryfast"},
    },
    "30000/1001": {"rate": Fraction(30000, 1001)},
    "rotated": {"rotation": 90, "audio": 1},
    "begins late, between milliseconds": {
        "pts": [64001 + 512 * i for i in range(12)],
        "time_base": EXACT,
        "frames": 12,
        "muxer_options": {"movie_timescale": "12800"},
    },
    "begins before zero": {
        "pts": [-3001 + 512 * i for i in range(12)],
        "time_base": EXACT,
        "frames": 12,
        "muxer_options": {"movflags": "frag_keyframe+delay_moov"},
    },
    "4:2:2 10 bit": {"pix_fmt": "yuv422p10le"},
    "full range": {"pix_fmt": "yuvj420p", "colorspace": 6, "color_range": 2},
    "bt2020 10 bit": {
        "pix_fmt": "yuv420p10le",
        "colorspace": 9,
        "color_range": 1,
        "color_primaries": 9,
        "color_trc": 16,
    },
    "interlaced": {"codec_options": {"flags": "+ildct+ilme"}},
    "chapters": {"chapters": ["A", "B"]},
    "two audio tracks": {"audio": 2},
    "subtitles": {"audio": 1, "subtitles": True, "frames": 40},
}


def encode_clip(source: Path, output: Path, **settings: Any) -> Ledger:
    """Copy a clip through an encoder, all that is beside its pictures included."""
    items, packets = read_clip(source)
    return run_sink(VideoEncoder(output, Ledger(), packets, **settings), items)


@pytest.mark.parametrize("name", CLIPS)
def test_mp4_keeps_times_sound_and_tags_exactly(name: str, tmp_path: Path) -> None:
    """Whatever the clip, every pts, packet and tag comes out as it went in."""
    source = make_clip(tmp_path / "source.mp4", **CLIPS[name])

    ledger = encode_clip(source, tmp_path / "output.mp4")

    assert verify(source, tmp_path / "output.mp4").differences == []
    assert times_of(source) == times_of(tmp_path / "output.mp4")
    assert ledger.accounts()["cam"].is_balanced


@pytest.mark.parametrize("name", ["variable rate", "two audio tracks", "rotated"])
def test_matroska_keeps_times_to_the_millisecond(name: str, tmp_path: Path) -> None:
    """Matroska's clock ticks in milliseconds; all else is as in MP4."""
    source = make_clip(tmp_path / "source.mp4", **CLIPS[name])

    encode_clip(source, tmp_path / "output.mkv")

    assert verify(source, tmp_path / "output.mkv").differences == []


def test_pictures_keep_their_order_and_content(tmp_path: Path) -> None:
    """The picture at each pts is the one that the source has there."""
    source = make_clip(tmp_path / "source.mp4", **CLIPS["variable rate and b-frames"])

    encode_clip(source, tmp_path / "output.mp4")

    with av.open(str(tmp_path / "output.mp4")) as container:
        indices = [read_index(frame) for frame in container.decode(video=0)]
    assert indices == list(range(12))


@pytest.mark.parametrize("size_hw", [(65, 97), (65, 96), (64, 97)])
def test_odd_sizes_are_kept(size_hw: tuple[int, int], tmp_path: Path) -> None:
    """No row or column is added or lost: chroma is stored in whole planes instead."""
    source = make_clip(tmp_path / "source.mkv", codec="ffv1", size_hw=size_hw)

    encode_clip(source, tmp_path / "output.mp4")

    assert verify(source, tmp_path / "output.mp4").differences == []


def test_rgb_becomes_bt709(tmp_path: Path) -> None:
    """Pictures without a matrix get one, and say so."""
    source = make_clip(tmp_path / "source.mkv", codec="ffv1", pix_fmt="bgr0")

    encode_clip(source, tmp_path / "output.mp4")

    with av.open(str(tmp_path / "output.mp4")) as container:
        picture = next(container.decode(video=0))
    assert (picture.format.name, picture.colorspace) == ("yuv420p", 1)
    assert (picture.color_range, picture.color_primaries) == (1, 1)
    assert read_index(picture) == 0


def test_aac_from_mpeg_ts_loses_only_its_transport_headers(tmp_path: Path) -> None:
    """MPEG-TS repeats in each packet what other containers say once."""
    source = make_clip(tmp_path / "source.ts", audio=1)

    encode_clip(source, tmp_path / "output.mp4")

    assert verify(source, tmp_path / "output.mp4").differences == []


def test_a_damaged_packet_of_sound_costs_only_itself(tmp_path: Path) -> None:
    """What no longer has a header of AAC is left out and noted."""
    source = make_clip(tmp_path / "source.ts", audio=1)
    items, packets = read_clip(source)
    good, damaged, *rest = packets.take_rest()
    noise = av.Packet(b"\x00" * 50)
    noise.stream, noise.time_base = damaged.stream, damaged.time_base
    noise.pts = noise.dts = damaged.dts
    for packet in (good, noise, *rest):
        packets.put(packet)

    encoder = VideoEncoder(tmp_path / "output.mp4", Ledger(), packets)
    ledger = run_sink(encoder, items)

    assert ledger.accounts()["cam"].notes == {"side_packets_corrupt": 1}
    with av.open(str(tmp_path / "output.mp4")) as output:
        sound = [packet for packet in output.demux(audio=0) if packet.size]
    assert len(sound) == 1 + len(rest)


def test_matroska_moves_what_begins_before_zero(tmp_path: Path) -> None:
    """It has no such times; the class ids in it keep theirs all the same."""
    source = make_clip(tmp_path / "source.mp4", **CLIPS["begins before zero"])

    encode_clip(source, tmp_path / "output.mkv", classes=CAMVID)

    assert verify(source, tmp_path / "output.mkv").differences == [
        "every picture is moved in time by +0.234453 s"
    ]
    with open_masks(tmp_path / "output.mkv") as masks:
        assert [seconds for seconds, _ in masks] == [float(t) for t in times_of(source)]


def test_a_track_that_the_container_cannot_hold_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest is written, one line says what is missing, and the ledger knows."""
    source = make_clip(tmp_path / "source.mkv", subtitles=True, audio=1)

    with caplog.at_level(logging.WARNING):
        ledger = encode_clip(source, tmp_path / "output.mp4")

    assert len(caplog.records) == 1
    assert "its subtitle track (srt) is left out, mp4 cannot hold it" in caplog.text
    assert "; .mkv can" in caplog.text
    assert ledger.accounts()["cam"].notes == {"side_streams_left_out": 1}
    assert verify(source, tmp_path / "output.mp4").differences == [
        "the subtitle track 2 (srt) is missing"
    ]


def test_chapters_are_no_track(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """MP4 holds them as a track of text, which is neither copied nor missed."""
    source = make_clip(tmp_path / "source.mp4", chapters=["A", "B"])

    encode_clip(source, tmp_path / "output.mkv")

    assert caplog.records == []
    report = verify(source, tmp_path / "output.mkv")
    assert report.differences == []
    assert [(row.source, row.output) for row in report.rows if row.what == "chapters"]


def test_data_goes_along_where_the_container_holds_it(tmp_path: Path) -> None:
    """MOV takes the telemetry of a camera; what it is only the camera's maker knows."""
    clip = make_clip(tmp_path / "clip.mp4")
    source = tmp_path / "source.ts"
    with av.open(str(clip)) as pictures, av.open(str(source), "w") as container:
        video = container.add_stream_from_template(pictures.streams.video[0])
        data = container.add_data_stream("klv")
        for packet in pictures.demux(video=0):
            if packet.size:
                telemetry = av.Packet(f"speed {packet.pts}".encode())
                telemetry.pts = telemetry.dts = packet.pts
                telemetry.time_base, telemetry.stream = packet.time_base, data
                packet.stream = video
                container.mux([packet, telemetry])

    encode_clip(source, tmp_path / "output.mov")

    report = verify(source, tmp_path / "output.mov")
    assert report.differences == []
    outputs = {row.what: row.output for row in report.rows}
    assert outputs["data track 1 (klv)"] == "20 packets"


def test_tags_of_the_file_and_of_its_tracks_are_kept(tmp_path: Path) -> None:
    """Title and language go along; the name of the old container does not."""
    source = make_clip(tmp_path / "source.mp4", audio=2)
    with av.open(str(source), "r") as container:
        assert "major_brand" in container.metadata

    encode_clip(source, tmp_path / "output.mkv")

    with av.open(str(tmp_path / "output.mkv")) as output:
        languages = [track.language for track in output.streams.audio]
        tags = {name.lower() for name in output.metadata}
    assert languages == ["eng", "deu"]
    assert "major_brand" not in tags


def test_class_ids_go_along_as_a_second_track(tmp_path: Path) -> None:
    """One Matroska file holds what to look at and what to compute with."""
    source = make_clip(tmp_path / "source.mp4", audio=1, **CLIPS["variable rate"])

    encode_clip(source, tmp_path / "output.mkv", classes=CAMVID)

    assert verify(source, tmp_path / "output.mkv").differences == []
    with open_masks(tmp_path / "output.mkv") as masks:
        seen = list(masks)
    items, _ = read_clip(source)
    assert [seconds for seconds, _ in seen] == [i.frame.pts_seconds for i in items]
    for item, (_, labels) in zip(items, seen, strict=True):
        assert (labels == item.labels).all()
