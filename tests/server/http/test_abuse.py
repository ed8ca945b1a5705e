"""What clients may send, and what they get for it."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Event, Semaphore
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskstream.server.http.gate import MAX_BODY_BYTES
from tests.server.http.api import CAMERA, api
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow


def test_a_body_is_bounded(client: httpx.Client) -> None:
    """Stated or not, what is longer than 64 kB is not read."""
    url, long = "/v1/streams/a", b"x" * (MAX_BODY_BYTES + 1)

    stated = client.put(url, content=long)
    chunked = client.put(url, content=iter([long]))

    assert [stated.status_code, chunked.status_code] == [413, 413]
    assert client.get("/healthz").status_code == 200


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    method=st.sampled_from(["PUT", "PATCH", "POST", "DELETE", "GET"]),
    path=st.text(st.characters(codec="ascii"), max_size=30),
    body=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
    | st.dictionaries(st.sampled_from(["source", "overlay"]), st.text()),
)
def test_no_input_breaks_the_api(
    client: httpx.Client, method: str, path: str, body: Any
) -> None:
    """Each answer is below 500, and says in JSON what was wrong."""
    content = json.dumps(body).encode()
    for target in (f"/v1/streams/{path}", "/v1/streams/a", "/v1/session"):
        with suppress(httpx.InvalidURL, ValueError):
            answer = client.request(method, target, content=content)
            assert answer.status_code < 500
            if answer.status_code >= 400:
                assert answer.json()["error"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 60_000, b'{"source": NaN}', b"0" * 5000]
)
def test_what_is_no_json_is_refused(client: httpx.Client, content: bytes) -> None:
    """One sentence, and the server goes on."""
    answer = client.put("/v1/streams/b", content=content)

    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]


def test_garbage_on_the_wire_costs_one_connection(client: httpx.Client) -> None:
    """What is no HTTP gets 400, or nothing; others are served."""
    for garbage in (
        b"\x16\x03\x01\x02\x00" * 9,
        b"GET / HTTP/1.1\r\nA" + b"a" * 20_000,
    ):
        with _connection(client) as connection:
            connection.sendall(garbage + b"\r\n\r\n")
            assert connection.recv(4096)[:12] in (b"HTTP/1.1 400", b"")
    assert client.get("/healthz").status_code == 200


def test_who_does_not_finish_a_request_is_cut_off(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No head, half a head, half a body: a few seconds, then the connection is gone."""
    limit = "maskstream.server.http.connection.BoundedConnection.request_deadline_s"
    monkeypatch.setattr(limit, 0.2)
    half_body = (
        b"PUT /v1/streams/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
    )
    for beginning in (b"", b"GET / HTTP/1.1\r\nHost:", half_body):
        with _connection(client) as connection:
            connection.sendall(beginning)
            with suppress(ConnectionResetError):
                assert connection.recv(4096) == b""
    with _connection(client) as connection:  # a whole one is served, however late
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in connection.recv(4096)


def test_strangers_garbage_is_not_logged(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """A log that anybody can write to is soon full, and nobody reads it."""
    for garbage in (b"hello", b"GET /v1/updates HTTP/1.1\r\nUpgrade: h2c"):
        with _connection(client) as connection:
            connection.sendall(garbage + b"\r\n\r\n")
            connection.recv(4096)

    assert not caplog.records


def test_probes_are_answered_while_all_else_waits(
    client: httpx.Client, control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams that hang, or a disk, are no reason to restart the daemon."""
    may_end, is_asked = Event(), Semaphore(0)

    def hang(_: str) -> None:
        is_asked.release()
        may_end.wait(60)

    control.add("a", {"source": CAMERA})
    monkeypatch.setattr(control, "pause", hang)
    url = f"{client.base_url}/v1/streams/a/pause"
    with ThreadPoolExecutor(50) as askers:
        for _ in range(50):
            askers.submit(httpx.post, url, trust_env=False, timeout=60)
        try:
            for _ in range(40):  # as many threads as the server has for this
                assert is_asked.acquire(timeout=60)
            answers = [client.get(f"/{probe}") for probe in ("healthz", "readyz")]
        finally:
            may_end.set()

    assert [answer.status_code for answer in answers] == [200, 200]


def test_one_address_cannot_take_every_connection(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has many is refused more; another address finds a place."""
    module = "maskstream.server.http.connection"
    monkeypatch.setattr(f"{module}._MAX_OF_ONE", 5)
    with ExitStack() as stack:
        mine = [stack.enter_context(_connection(client)) for _ in range(8)]
        others = stack.enter_context(_connection(client, "127.0.0.2"))
        others.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in others.recv(4096)
        for connection in mine:
            connection.settimeout(0.2)
        num_cut = sum(map(_is_cut, mine))

    assert num_cut >= 3


def _is_cut(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_only_so_many_streams_are_added(control: FakeControl) -> None:
    """Who has the token is not to take every thread of the machine."""
    hosts = {"hosts": ["192.0.2.0/24"]}
    with api(control, allowed_sources=hosts, max_streams=2) as client:
        answers = [
            client.put(f"/v1/streams/{name}", json={"source": CAMERA}) for name in "abc"
        ]

    assert [answer.status_code for answer in answers] == [201, 201, 503]
    assert "http.max_streams" in answers[2].json()["error"]


def _connection(client: httpx.Client, source: str = "127.0.0.1") -> socket.socket:
    address = ("127.0.0.1", client.base_url.port or 0)
    return socket.create_connection(address, 30, source_address=(source, 0))
