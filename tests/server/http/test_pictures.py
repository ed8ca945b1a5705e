"""Pictures and updates, over real sockets."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from maskstream.models.classes import CAMVID
from maskstream.server.status import State
from tests.server.http.api import CAMERA, api, wait_for, watch
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow


def test_pictures_come_as_jpeg(client: httpx.Client, control: FakeControl) -> None:
    """A snapshot, with masks or without, and one JPEG after another."""
    control.add("a", {"source": CAMERA})
    wait_for(lambda: control.snapshot("a") is not None)

    masked = client.get("/v1/streams/a/snapshot.jpg")
    plain = client.get("/v1/streams/a/snapshot.jpg", params={"masked": False})
    with client.stream("GET", "/v1/streams/a/preview.mjpg") as answer:
        received = b""
        for piece in answer.iter_bytes():
            received += piece
            if received.count(b"--picture") > 3:
                break

    assert masked.headers["content-type"] == "image/jpeg"
    assert masked.content[:2] == plain.content[:2] == b"\xff\xd8"
    assert masked.content != plain.content
    assert answer.headers["content-type"] == (
        "multipart/x-mixed-replace; boundary=picture"
    )
    head, _, jpeg = received.partition(b"\r\n\r\n")
    length = int(head.partition(b"Content-Length: ")[2])
    assert jpeg[:2] == b"\xff\xd8"
    assert jpeg[length : length + 11] == b"\r\n--picture"
    wait_for(lambda: control.num_viewers == 0)


def test_a_stream_without_a_picture_says_so(
    client: httpx.Client, control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot of a camera that was never up is no error of the client's."""
    control.add("a", {"source": CAMERA})
    monkeypatch.setattr(control, "snapshot", lambda *_, **__: None)

    answer = client.get("/v1/streams/a/snapshot.jpg")

    assert answer.status_code == 503
    assert answer.json() == {"error": "stream 'a' has no picture yet"}


def test_a_snapshot_says_how_old_it_is(
    client: httpx.Client, control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a camera that is long away there is none."""
    control.add("a", {"source": CAMERA})
    wait_for(lambda: control.status("a").last_frame_at is not None)

    fresh = client.get("/v1/streams/a/snapshot.jpg")
    lost = replace(control.status("a"), last_frame_at=time.time() - 90)
    monkeypatch.setattr(control, "status", lambda _: lost)
    stale = client.get("/v1/streams/a/snapshot.jpg")

    finished_at = parsedate_to_datetime(fresh.headers["last-modified"]).timestamp()
    assert abs(time.time() - finished_at) < 60
    assert stale.status_code == 503
    assert stale.json()["error"].startswith("stream 'a' has had no frame for 9")


def test_a_preview_is_mp4_over_a_websocket(
    client: httpx.Client, control: FakeControl
) -> None:
    """First the initialisation segment, then fragments; leaving ends the watching."""
    control.add("a", {"source": CAMERA})

    with watch(client, "/v1/streams/a/preview") as socket:
        pieces = [socket.recv(timeout=30) for _ in range(3)]
        assert control.num_viewers == 1

    boxes = [piece[4:8] for piece in pieces]
    assert boxes == [b"ftyp", b"moof", b"moof"]
    wait_for(lambda: control.num_viewers == 0)
    with watch(client, "/v1/streams/a/preview?format=jpeg") as socket:
        assert socket.recv(timeout=30)[:2] == b"\xff\xd8"


def test_a_preview_ends_with_its_stream(
    client: httpx.Client, control: FakeControl
) -> None:
    """The WebSocket is closed in order when the stream is removed."""
    control.add("a", {"source": CAMERA})
    path = "/v1/streams/a/preview"
    with watch(client, path) as socket:
        socket.recv(timeout=30)
        control.remove("a")
        for _ in socket:
            pass

        assert socket.close_code == 1000
    with pytest.raises(InvalidStatus) as refusal, watch(client, path):
        pass
    assert refusal.value.response.status_code == 404
    body = refusal.value.response.body
    assert json.loads(body or b"") == {"error": "no stream is named 'a'"}


def test_only_so_many_watch(control: FakeControl) -> None:
    """One viewer more is told why not; a place that is left is free again."""
    control.add("a", {"source": CAMERA})
    with api(control, max_viewers=1) as client:
        with watch(client, "/v1/streams/a/preview") as socket:
            socket.recv(timeout=30)
            refused = client.get("/v1/streams/a/preview.mjpg")
        wait_for(lambda: control.num_viewers == 0)

        assert refused.status_code == 503
        assert "http.max_viewers" in refused.json()["error"]
        wait_for(lambda: _can_watch(client))


def _can_watch(client: httpx.Client) -> bool:
    with client.stream("GET", "/v1/streams/a/preview.mjpg") as answer:
        return answer.status_code == 200


def test_updates_come_every_second(client: httpx.Client, control: FakeControl) -> None:
    """First what was, then every stream as it is; numbers that are none are null."""
    control.add("a", {"source": CAMERA})
    control.overrides["a"] = {
        "state": State.WAITING,
        "reason": "timeout",
        "latency_s": {"p95": float("nan")},
    }

    with watch(client, "/v1/updates") as socket:
        messages = [json.loads(socket.recv(timeout=30)) for _ in range(4)]

    assert list(messages[0]) == ["history"]
    (stream,) = messages[-1]["streams"]
    assert (stream["state"], stream["reason"]) == ("waiting", "timeout")
    assert stream["latency_s"] == {"p95": None}
    assert messages[-1]["now"] > messages[-2]["now"]
    with watch(client, "/v1/updates") as socket:
        history = json.loads(socket.recv(timeout=30))["history"]
    assert len(history["a"][-1]) == 3 + len(CAMVID)
