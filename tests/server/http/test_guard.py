"""Who is let in, decided from the head of a request."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import check_settings
from maskstream.server.config.http import HttpConfig
from maskstream.server.http.guard import Guard
from maskstream.server.http.tokens import COOKIE, SESSION_S, Tokens
from tests.server.http.api import TOKEN


def make_guard(clock: ManualClock | None = None, **settings: Any) -> Guard:
    """Make a guard; time stands still."""
    clock = clock or ManualClock(1000.0)
    config = HttpConfig.model_validate(settings)
    return Guard(config, clock=clock, wall_clock=clock)


def status(
    guard: Guard,
    path: str = "/v1/streams",
    *,
    method: str = "GET",
    kind: str = "http",
    client: str = "127.0.0.1",
    **headers: str,
) -> int | None:
    """Return the status of the refusal; None where there is none."""
    headers.setdefault("host", "127.0.0.1:8080")
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": b"",
        "client": (client, 5),
        "headers": [
            (name.replace("_", "-").encode(), text.encode("latin-1"))
            for name, text in headers.items()
        ],
    }
    refusal = guard.refuse(scope)
    return None if refusal is None else refusal.status


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8080", None),
        ("localhost:9", None),
        ("LOCALHOST", None),
        ("[::1]:8080", None),
        ("cams.example", None),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:8080", 421),
        ("localhost@evil.example", 421),
        ("", 421),
    ],
)
def test_a_name_bent_to_this_machine_is_refused(host: str, expected: int) -> None:
    """On loopback only names of this machine and those in the settings are served."""
    guard = make_guard(names=["cams.example"])

    assert status(guard, host=host) == expected


def test_beyond_loopback_any_name_is_served_to_who_knows_the_token() -> None:
    """A foreign page that bends its name to the daemon has no token for that name."""
    guard = make_guard(host="0.0.0.0", token=TOKEN)

    assert status(guard, host="nas.lan", authorization=f"Bearer {TOKEN}") is None
    assert status(guard, host="nas.lan") == 401


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"origin": "http://127.0.0.1:8080"}, None),
        ({"origin": "https://cams.example"}, None),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://[broken"}, 403),
        ({"sec_fetch_site": "same-origin"}, None),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, 403),
    ],
)
@pytest.mark.parametrize(("method", "kind"), [("PUT", "http"), ("GET", "websocket")])
def test_a_page_of_another_site_can_change_and_watch_nothing(
    headers: dict[str, str], expected: int, method: str, kind: str
) -> None:
    """What changes something, and every WebSocket, comes from the page's own origin."""
    guard = make_guard(names=["cams.example"])

    assert status(guard, method=method, kind=kind, **headers) == expected


@pytest.mark.parametrize("origin", ["null", "", "file://"])
def test_an_origin_of_no_host_is_not_that_of_a_request_for_none(origin: str) -> None:
    """An empty Host and an Origin without one would be equal, and are strangers."""
    guard = make_guard(host="0.0.0.0", token=TOKEN)
    known = {"authorization": f"Bearer {TOKEN}", "method": "PUT"}

    assert status(guard, host="", origin=origin, **known) == 403
    assert status(guard, host="", **known) is None


def test_another_site_may_link_here_and_embed_nothing() -> None:
    """A link opens the page; an image of another page does not load."""
    guard = make_guard()

    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    image = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}
    assert status(guard, "/", **link) is None
    assert status(guard, "/v1/streams/a/snapshot.jpg", **image) == 403


def test_who_asks_too_often_is_refused_alone() -> None:
    """Five seconds' worth at once, then the rate; probes are not counted."""
    clock = ManualClock(1000.0)
    guard = make_guard(clock, requests_per_s=2)

    answers = [status(guard, client="10.0.0.1") for _ in range(12)]
    assert answers == [None] * 10 + [429] * 2
    assert status(guard, client="10.0.0.2") is None
    assert status(guard, "/healthz", client="10.0.0.1") is None
    clock.advance(0.5)
    assert status(guard, client="10.0.0.1") is None


def test_an_ipv6_client_is_its_network() -> None:
    """A customer is given a /64: another address in it is the same client."""
    guard = make_guard(requests_per_s=0.2)

    assert status(guard, client="2001:db8::1") is None
    assert status(guard, client="2001:db8::2") == 429
    assert status(guard, client="2001:db8:0:1::2") is None


@pytest.mark.parametrize(
    "path", ["/v1/streams", "/metrics", "/v1/openapi.json", "/v1/config", "/v1/x/../"]
)
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 401),
        ({"authorization": f"Bearer {TOKEN}"}, None),
        ({"authorization": f"bearer  {TOKEN} "}, None),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": "Bearer caf\xe9"}, 401),
        ({"cookie": f"{COOKIE}={TOKEN}"}, 401),
        ({"cookie": f"{COOKIE}=99999.{'0' * 64}"}, 401),
    ],
)
def test_a_stranger_gets_nothing(
    path: str, headers: dict[str, str], expected: int
) -> None:
    """Whatever tells something wants the token."""
    assert status(make_guard(token=TOKEN), path, **headers) == expected


@pytest.mark.parametrize(
    "path", ["/", "/api", "/static/page.js", "/healthz", "/readyz", "/v1/session"]
)
def test_the_empty_page_and_the_probes_want_no_token(path: str) -> None:
    """A page has to be there to ask for the token."""
    assert status(make_guard(token=TOKEN), path) is None


@pytest.mark.parametrize(
    "host", ["x/healthz?", "x/static/?", "x/healthz#", "x@y/metrics?", "x\\healthz?"]
)
def test_a_host_cannot_pass_for_a_path(host: str) -> None:
    """Where a URL is put together of both, what is asked for could look open."""
    guard = make_guard(host="0.0.0.0", token=TOKEN, open_metrics=True)

    assert status(guard, host=host) == 401
    assert status(make_guard(), host=host) == 421


def test_metrics_may_be_open() -> None:
    """A Prometheus without a token is let in where the settings say so."""
    assert status(make_guard(token=TOKEN, open_metrics=True), "/metrics") is None


def test_a_session_ends_with_its_time_or_with_the_token() -> None:
    """A cookie is good for some hours, and only while the token is the same."""
    clock = ManualClock(1000.0)
    tokens = Tokens(TOKEN, clock)
    cookie = f"theme=dark; {COOKIE}={tokens.new_session()}"

    assert tokens.admits("", cookie)
    assert Tokens(TOKEN, clock).admits("", cookie)
    assert not Tokens("another-token-altogether", clock).admits("", cookie)
    clock.advance(SESSION_S + 1)
    assert not tokens.admits("", cookie)


@given(st.text(), st.text())
def test_no_header_breaks_the_guard(authorization: str, cookie: str) -> None:
    """Whatever a client sends, the answer is no."""
    tokens = Tokens(TOKEN, ManualClock(1000.0))

    assert not tokens.admits(authorization, cookie)
    assert not tokens.is_token(authorization)


@given(st.integers(0, 10**12 - 1), st.integers(0, 10**12 - 1))
def test_the_end_of_a_session_cannot_be_moved(end: int, other: int) -> None:
    """The signature is of the end that it was made for."""
    clock = ManualClock(float(end))
    signature = Tokens(TOKEN, clock).new_session().partition(".")[2]
    moved = f"{COOKIE}={other + end + SESSION_S + 1}.{signature}"

    assert not Tokens(TOKEN, clock).admits("", moved)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"host": "0.0.0.0"},
            "host '0.0.0.0' is reached from other machines, so a token is needed; "
            "or listen on 127.0.0.1",
        ),
        ({"host": "::"}, "is reached from other machines"),
        ({"host": "nas.lan"}, "is reached from other machines"),
        ({"token": "short"}, "token must have at least 16 ASCII characters"),
        ({"hots": "::1"}, "unknown key 'hots', did you mean 'host'"),
        ({"allowed_sources": {"protocols": ["file"]}}, "allowed_sources.protocols.0"),
    ],
)
def test_settings_that_let_strangers_in_are_refused(
    settings: dict[str, Any], sentence: str
) -> None:
    """The daemon does not start where anybody could ask it."""
    with pytest.raises(ConfigError) as refusal:
        check_settings(HttpConfig, settings)

    assert sentence in str(refusal.value)
    assert "short" not in str(refusal.value)
