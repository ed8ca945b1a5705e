"""Opening inputs: what cannot be opened says why, in one sentence."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest
from av.stream import Disposition

from maskstream.pipeline.errors import SourceError
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.error_budget import ErrorBudget
from maskstream.stages.opening import open_source
from maskstream.stages.side_streams import SideDelivery
from maskstream.stages.source import expand_inputs
from maskstream.stages.window import Window
from tests.clips import make_clip, make_pictures
from tests.servers import (
    http_server,
    refusing_port,
    silent_server,
    talking_server,
)

PASSWORD = "s3cret"


def failure(given: str | Path, open_timeout_s: float = 5.0) -> str:
    """Open one INPUT that cannot be opened, and return the sentence."""
    with pytest.raises(SourceError) as caught:
        _open(str(given), open_timeout_s)
    told = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in told
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert not sentence.endswith(".")
    return sentence


def _open(given: str, open_timeout_s: float) -> None:
    (source,) = expand_inputs([given])
    with open_source(source, open_timeout_s=open_timeout_s):
        pass


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    """A recording that never began."""
    path = tmp_path / "empty.mp4"
    path.touch()

    assert failure(path) == f"{path}: the file is empty"


def test_a_text_named_as_a_video_is_told(tmp_path: Path) -> None:
    """The name is not believed."""
    path = tmp_path / "notes.mp4"
    path.write_text("not a video\n" * 100)

    assert "not a video that FFmpeg can read" in failure(path)


def test_an_mp4_without_its_index_is_told(tmp_path: Path) -> None:
    """What a camera leaves behind when its power is cut."""
    whole = make_clip(tmp_path / "whole.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[:3000])

    assert "an MP4 without its index (moov)" in failure(cut)


def test_sound_alone_is_told(tmp_path: Path) -> None:
    """There is nothing to see."""
    path = make_clip(tmp_path / "sound.m4a", video=False, audio=1)

    assert failure(path) == f"{path}: no video in it, only audio"


def test_the_cover_of_a_record_is_no_video(tmp_path: Path) -> None:
    """A picture attached to sound does not make it a film."""
    cover = (make_pictures(tmp_path, count=1, pattern="%d.jpg") / "0.jpg").read_bytes()
    sound = make_clip(tmp_path / "sound.m4a", video=False, audio=1)
    path = tmp_path / "song.mp4"
    with av.open(str(sound)) as record, av.open(str(path), "w") as song:
        tone = song.add_stream_from_template(record.streams.audio[0])
        picture = song.add_mux_stream("mjpeg", width=96, height=64)
        picture.disposition = Disposition.attached_pic
        packet: Any = av.Packet(cover)
        packet.stream, packet.pts, packet.dts = picture, 0, 0
        song.mux(packet)
        for packet in record.demux():
            if packet.size:
                packet.stream = tone
                song.mux(packet)

    assert "no video in it, only audio" in failure(path)


@contextmanager
def _nobody() -> Iterator[None]:
    """Be someone who may not read everything, where the tests run as root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """Permission is the reason, not the content."""
    path = make_clip(tmp_path / "private.mp4")
    path.chmod(0o000)

    with _nobody():
        assert "permission denied" in failure(path)


def test_a_camera_that_is_not_there_is_told() -> None:
    """One sentence, with the device's name."""
    assert failure("camera:99") == "camera:99: no such camera (/dev/video99 is missing)"


def test_a_protocol_that_nobody_speaks_is_told() -> None:
    """FFmpeg is built with some protocols and without others."""
    assert "does not speak this protocol" in failure("nosuch://host/path")


def test_a_graph_that_is_none_is_told() -> None:
    """A typing error in a synthetic source."""
    assert "not a graph of filters" in failure("synthetic:nosuch=3")


@pytest.mark.parametrize("scheme", ["http", "rtsp", "rtmp", "tcp"])
def test_a_refused_connection_is_told_without_its_password(scheme: str) -> None:
    """Neither the sentence nor the traceback shows who asked."""
    url = (
        f"{scheme}://user:{PASSWORD}@127.0.0.1:{refusing_port()}/live/x?key={PASSWORD}"
    )

    sentence = failure(url)

    assert sentence.startswith(f"{scheme}://***@127.0.0.1:")
    assert sentence.endswith(": connection refused")


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "rtmp", "tcp"])
def test_a_silent_peer_is_given_up_in_time(scheme: str) -> None:
    """A server that accepts and never answers holds nobody longer than agreed."""
    with silent_server() as port:
        sentence = failure(
            f"{scheme}://user:{PASSWORD}@127.0.0.1:{port}/x", open_timeout_s=0.1
        )

    assert sentence.endswith(": no answer for 0.1 s")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "wants a user name and a password"),
        (403, "denies access"),
        (404, "does not have it"),
        (500, "5xx"),
    ],
)
def test_the_status_of_a_web_server_is_told(status: int, reason: str) -> None:
    """The password given is not shown."""
    with http_server() as port:
        sentence = failure(f"http://user:{PASSWORD}@127.0.0.1:{port}/{status}")

    assert reason in sentence


def test_a_camera_that_wants_a_password_says_so() -> None:
    """RTSP answers as the web does."""
    answer = b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n"
    with talking_server(answer) as port:
        sentence = failure(f"rtsp://user:{PASSWORD}@127.0.0.1:{port}/main")

    assert "wants a user name and a password" in sentence


def test_a_clip_is_opened_over_the_web(clip: Path) -> None:
    """A URL is as good as a file."""
    with http_server(clip.read_bytes()) as port:
        (source,) = expand_inputs([f"http://127.0.0.1:{port}/clip.mp4"])
        with open_source(source) as opened:
            num_pictures = sum(1 for _ in opened.container.decode(opened.video))

    assert num_pictures == 20
    assert source.is_network
    assert not source.is_live


def test_a_peer_that_falls_silent_is_given_up_in_time(tmp_path: Path) -> None:
    """What came before is decoded."""
    path = make_clip(
        tmp_path / "clip.mp4", frames=50, muxer_options={"movflags": "faststart"}
    )
    content = path.read_bytes()
    header = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    pictures: list[av.VideoFrame] = []
    with talking_server(header + content[: len(content) // 2]) as port:
        url = f"http://user:{PASSWORD}@127.0.0.1:{port}/clip.mp4"
        (source,) = expand_inputs([url])
        budget = ErrorBudget(source, "cam", Ledger(), limit=10)
        side = SideDelivery((), {}, Window())
        with (
            open_source(source, read_timeout_s=0.1) as opened,
            pytest.raises(SourceError, match=r"no answer for 0\.1 s") as caught,
        ):
            pictures.extend(opened.pictures(budget, side))

    assert len(pictures) > 10
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("name", "promised_s"), [("a.mp4", 0.8), ("a.mkv", 0.8), ("a.h264", None)]
)
def test_the_promised_length_is_read(
    tmp_path: Path, name: str, promised_s: float | None
) -> None:
    """From MP4 and Matroska; a raw stream promises nothing."""
    (source,) = expand_inputs([str(make_clip(tmp_path / name))])
    with open_source(source) as opened:
        assert opened.stated_duration_s() == promised_s
