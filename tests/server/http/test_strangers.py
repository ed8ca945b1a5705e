"""What is told to whom, over real sockets."""

from __future__ import annotations

import logging

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.server.http.api import CAMERA, TOKEN, api, bearer, wait_for, watch
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow


def test_every_answer_has_the_headers_of_a_careful_server(client: httpx.Client) -> None:
    """Pages, failures and pictures alike; nothing is said to other sites."""
    for path in ("/", "/v1/streams", "/nothing", "/static/page.js"):
        headers = client.get(path, headers={"Origin": "https://evil.example"}).headers

        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not {name for name in headers if name.startswith("access-control")}
        assert "server" not in headers


def test_strangers_see_neither_pictures_nor_sockets(control: FakeControl) -> None:
    """With a token, all that shows something wants it: header or cookie."""
    control.add("a", {"source": CAMERA})
    wait_for(lambda: control.snapshot("a") is not None)
    paths = ("/v1/streams/a/preview", "/v1/updates")
    with api(control, token=TOKEN) as client:
        for path in ("/v1/streams", "/metrics", "/v1/streams/a/snapshot.jpg"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=bearer()).status_code == 200
        for path in paths:
            with pytest.raises(InvalidStatus) as refusal, watch(client, path):
                pass
            assert refusal.value.response.status_code == 401
            with watch(client, path, **bearer()) as socket:
                assert socket.recv(timeout=30)

        assert client.post("/v1/session", json={"token": "wrong"}).status_code == 401
        given = client.post("/v1/session", json={"token": TOKEN})

        flags = given.headers["set-cookie"].lower()
        assert {"httponly", "samesite=strict"} <= set(flags.split("; "))
        assert TOKEN not in flags
        assert client.get("/v1/streams").status_code == 200
        cookie = given.headers["set-cookie"].partition(";")[0]
        for path in paths:
            with watch(client, path, Cookie=cookie) as socket:
                assert socket.recv(timeout=30)
        client.delete("/v1/session")
        assert client.get("/v1/streams").status_code == 401


def test_the_token_and_passwords_are_in_no_log(
    control: FakeControl, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is asked, right or wrong."""
    caplog.set_level(logging.DEBUG)
    hosts = {"hosts": ["192.0.2.0/24"]}
    with api(control, token=TOKEN, allowed_sources=hosts) as client:
        client.post("/v1/session", json={"token": TOKEN})
        client.post("/v1/session", content=TOKEN.encode())
        client.put("/v1/streams/a", json={"source": CAMERA})
        client.put("/v1/streams/b", json={"source": CAMERA + " "})
        client.get("/v1/streams", headers=bearer(TOKEN))

    assert "stream a added over HTTP by 127.0.0.1" in caplog.text
    assert TOKEN not in caplog.text
    assert "secret" not in caplog.text


def test_a_foreign_page_is_refused_on_real_sockets(client: httpx.Client) -> None:
    """By Origin and by Host."""
    origin = {"Origin": "https://evil.example"}

    assert client.put("/v1/streams/a", json={}, headers=origin).status_code == 403
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    with pytest.raises(InvalidStatus), watch(client, "/v1/updates", **origin):
        pass
