"""The life of the server: its port, its threads, its end."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack

import httpx
import pytest
from prometheus_client import CollectorRegistry

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.http import HttpConfig
from maskstream.server.http import ApiServer
from tests.server.http.api import CAMERA, wait_for, watch
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow


def test_stopping_ends_what_would_never_end(control: FakeControl) -> None:
    """Previews and updates are closed, threads end, and the port is free again."""
    control.add("a", {"source": CAMERA})
    control.add("b", {"source": CAMERA})
    before = threading.active_count()
    server = ApiServer(
        control, HttpConfig(port=0), classes=CAMVID, registry=CollectorRegistry()
    )
    with ExitStack() as stack:
        with server:
            client = httpx.Client(base_url=server.url, trust_env=False)
            sockets = [
                stack.enter_context(watch(client, path))
                for path in ("/v1/streams/a/preview", "/v1/updates")
            ]
            for socket_ in sockets:
                socket_.recv(timeout=30)
            control.pause("b")  # its preview gives nothing, and has to end all the same
            path = "/v1/streams/b/preview?format=jpeg"
            sockets.append(stack.enter_context(watch(client, path)))
            begun_at = time.monotonic()

        assert time.monotonic() - begun_at < 8
        for socket_ in sockets:
            for _ in socket_:
                pass
            assert socket_.close_code in (1000, 1012)
    client.close()
    wait_for(lambda: threading.active_count() <= before)
    wait_for(lambda: control.num_viewers == 0)
    again = HttpConfig(port=server.port)
    with ApiServer(
        control, again, classes=CAMVID, registry=CollectorRegistry()
    ) as server:
        assert httpx.get(f"{server.url}/healthz", trust_env=False).text == "ok\n"


def test_a_port_that_is_taken_is_one_sentence(control: FakeControl) -> None:
    """Nothing is left running then."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = ApiServer(
            control, HttpConfig(port=port), classes=CAMVID, registry=CollectorRegistry()
        )
        with pytest.raises(ConfigError) as refusal, server:
            pass

    assert str(refusal.value) == (
        f"http: 127.0.0.1 port {port} cannot be listened on: address already in use"
    )


def test_what_takes_longer_than_the_end_is_told_so(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that hangs gets an answer, and does not hold the daemon."""
    may_end, is_asked = threading.Event(), threading.Event()

    def hang() -> None:
        is_asked.set()
        may_end.wait(60)

    monkeypatch.setattr(control, "why_not_alive", hang)
    answers: list[httpx.Response] = []
    server = ApiServer(
        control, HttpConfig(port=0), classes=CAMVID, registry=CollectorRegistry()
    )
    with server:
        url = f"{server.url}/healthz"
        asking = threading.Thread(
            target=lambda: answers.append(httpx.get(url, trust_env=False, timeout=60))
        )
        asking.start()
        assert is_asked.wait(60)
    may_end.set()
    asking.join()

    assert [answer.status_code for answer in answers] == [503]
    assert answers[0].json() == {"error": "the daemon is stopping"}
