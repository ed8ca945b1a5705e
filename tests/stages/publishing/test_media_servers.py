"""Streams published to media servers, and watched there by somebody else."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest

from maskstream.pipeline.ledger import Ledger
from maskstream.stages.publishing.publisher import Publisher
from maskstream.stages.publishing.target import Target
from tests.live_feed import live_feed
from tests.viewers import Server, Viewer, nginx, rtsp_relay, viewer

pytestmark = pytest.mark.slow

QUICKLY = ("fflags=nobuffer", "analyzeduration=500000")


class Published:
    """A stream on its way to a server, and the states of the sink."""

    def __init__(self, url: str, transport: Literal["tcp", "udp"] = "tcp") -> None:
        self.ledger = Ledger()
        self.states = [""]
        self.publisher = Publisher(
            Target(url, transport),
            "cam",
            self.ledger,
            "out",
            deadline_s=2.0,
            on_state=self.states.append,
            random=lambda: 0.0,
        )

    @property
    def is_up(self) -> bool:
        """The server takes it."""
        return self.states[-1] == "ok"


@pytest.fixture(scope="module")
def relay() -> Iterator[tuple[Server, str]]:
    """GStreamer's server; gives itself and ``host:port``."""
    with rtsp_relay() as (server, address):
        yield server, address


def assert_in_order(watcher: Viewer) -> None:
    """Pictures come one after the other, once the first keyframe has come."""
    indices = [seen.index for seen in watcher.seen[60:75]]
    steps = [(after - before) % 256 for before, after in pairwise(indices)]
    assert set(steps) <= {1, 2}, indices


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("path", ["{}/in", "user:secret@{}/locked"])
def test_a_relay_gives_out_what_it_gets(
    relay: tuple[Server, str], path: str, transport: Literal["tcp", "udp"]
) -> None:
    """Over both transports, with and without a password."""
    _, address = relay
    published = Published(f"rtsp://{path.format(address)}", transport)
    with live_feed(published.publisher, published.ledger, "out") as feed:
        feed.send_until(lambda: published.is_up)
        url = f"rtsp://{address}/out"
        with viewer(url, "rtsp_transport=tcp", *QUICKLY) as watcher:
            feed.send_until(lambda: watcher.has_seen(75))

    assert_in_order(watcher)


def test_a_wrong_password_is_told(relay: tuple[Server, str]) -> None:
    """Without showing it."""
    _, address = relay
    published = Published(f"rtsp://user:wrong@{address}/locked")
    with live_feed(published.publisher, published.ledger, "out") as feed:
        feed.send_until(lambda: published.states[-1] != "")

    assert "401 unauthorized" in published.states[-1]
    assert "wrong" not in published.states[-1]


def test_a_relay_that_stops_is_left_and_found_again() -> None:
    """Stopped, it is given up at the deadline; going on, it is used again."""
    with rtsp_relay() as (server, address):
        published = Published(f"rtsp://{address}/in")
        with live_feed(published.publisher, published.ledger, "out") as feed:
            feed.send_until(lambda: published.is_up)
            feed.noise = True
            server.send_signal(signal.SIGSTOP)
            feed.send_until(lambda: not published.is_up)
            server.send_signal(signal.SIGCONT)
            feed.send_until(lambda: published.is_up)
            server.kill()
            feed.send_until(lambda: not published.is_up)
            server.start()
            feed.send_until(lambda: published.is_up)

    assert published.states[2].endswith("no progress for 2 s")
    assert feed.longest_gap_s < 0.9
    assert feed.account.notes["publish_connections"] == 3


def test_nginx_gives_out_what_it_gets(tmp_path: Path) -> None:
    """The key is never shown."""
    with nginx(tmp_path) as (_, address):
        published = Published(f"rtmp://{address}/live/key")
        with live_feed(published.publisher, published.ledger, "out") as feed:
            feed.send_until(lambda: published.is_up)
            with viewer(f"rtmp://{address}/live/key", *QUICKLY) as watcher:
                feed.send_until(lambda: watcher.has_seen(75))

    assert_in_order(watcher)
    assert not any("key" in state for state in published.states)
