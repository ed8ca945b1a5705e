"""Streams published to servers that are there, away, silent or stopped."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import pytest

from maskstream.pipeline.ledger import Ledger
from maskstream.stages.publishing.encoder import Encoding
from maskstream.stages.publishing.publisher import Publisher
from maskstream.stages.publishing.target import Target
from tests.live_feed import live_feed
from tests.servers import refusing_port, silent_server
from tests.viewers import LISTENERS, free_port, viewer

pytestmark = pytest.mark.slow


@pytest.fixture
def ledger() -> Ledger:
    """Where every frame has its outcome."""
    return Ledger()


@pytest.mark.parametrize("protocol", LISTENERS)
def test_a_server_gets_the_frames_with_their_times(
    ledger: Ledger, protocol: str
) -> None:
    """Pictures arrive in order, 40 ms apart as the camera took them."""
    url, *options = LISTENERS[protocol]
    url = url.format(free_port())
    states: list[str] = []
    target = Target(url.removesuffix("?listen=1"))
    publisher = Publisher(target, "cam", ledger, "out", on_state=states.append)
    with viewer(url, *options) as server, live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: server.has_seen(20))

    steps = {
        (after.index - before.index) % 256
        for before, after in pairwise(server.seen[2:20])
    }
    times = [seen.seconds for seen in server.seen[2:20]]
    assert steps == {1}
    assert all(
        after - before == pytest.approx(0.04, abs=0.002)
        for before, after in pairwise(times)
    )
    assert states[-1] == "ok"
    assert feed.at_sink.written >= 20


def test_a_server_that_comes_late_or_comes_back_is_found(ledger: Ledger) -> None:
    """Down at the start, there, killed, there again: each time its frames flow."""
    url, *options = LISTENERS["tcp"]
    port = free_port()
    publisher = Publisher(
        Target(f"tcp://127.0.0.1:{port}"), "cam", ledger, "out", random=lambda: 0.0
    )
    with live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: "receiver_down" in feed.reasons)
        for _ in range(2):
            with viewer(url.format(port), *options) as server:
                feed.send_until(partial(server.has_seen, 5))
        feed.send_until(lambda: feed.account.notes["publish_failures"] > 2)

    assert feed.account.notes["publish_connections"] == 2
    assert feed.reasons <= {"receiver_down", "receiver_lost", "connecting"}


def test_a_server_that_never_answers_costs_only_its_own_frames(
    ledger: Ledger,
) -> None:
    """Nobody else waits while FFmpeg does, and it is ended at the deadline."""
    states: list[str] = []
    with silent_server() as port:
        publisher = Publisher(
            Target(f"rtsp://user:secret@127.0.0.1:{port}/in"),
            "cam",
            ledger,
            "out",
            deadline_s=1.0,
            on_state=states.append,
        )
        with live_feed(publisher, ledger, "out") as feed:
            feed.send_until(lambda: len(states) > 0)
            took_s = feed.close()

    assert states == [f"rtsp://***@127.0.0.1:{port}/in: no progress for 1 s"]
    assert feed.longest_gap_s < 0.9
    assert took_s < 10
    assert feed.at_sink.written == 0


def test_a_server_that_hangs_is_left_at_the_deadline(ledger: Ledger) -> None:
    """Once the buffers between are full, no write lasts longer than the deadline."""
    url, *options = LISTENERS["tcp"]
    url = url.format(free_port())
    states: list[str] = []
    publisher = Publisher(
        Target(url.removesuffix("?listen=1")),
        "cam",
        ledger,
        "out",
        encoding=Encoding(crf=1, max_bitrate=500_000_000),
        deadline_s=1.0,
        on_state=states.append,
    )
    with viewer(url, *options) as server, live_feed(publisher, ledger, "out") as feed:
        feed.noise = True
        feed.send_until(lambda: server.has_seen(5))
        server.stop()
        feed.send_until(lambda: states[-1] != "ok")

    assert states[-1].endswith("no progress for 1 s")
    assert feed.longest_gap_s < 0.9
    assert "receiver_lost" in feed.reasons


def test_a_server_that_takes_less_gets_fewer_frames(ledger: Ledger) -> None:
    """They are dropped before they are encoded, and the connection is kept."""
    with frugal_server() as port:
        publisher = Publisher(
            Target(f"tcp://127.0.0.1:{port}"),
            "cam",
            ledger,
            "out",
            encoding=Encoding(crf=1, max_bitrate=500_000_000),
            deadline_s=20.0,
        )
        with live_feed(publisher, ledger, "out") as feed:
            feed.noise = True
            feed.send_until(lambda: "receiver_slow" in feed.reasons)
            written = feed.at_sink.written
            feed.send_until(lambda: feed.at_sink.written > written)

    assert "publish_failures" not in feed.account.notes
    assert feed.longest_gap_s < 0.9


@contextmanager
def frugal_server() -> Iterator[int]:
    """Take little at a time; gives the port."""
    is_over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)

        def take() -> None:
            call, _ = listener.accept()
            with call:
                while call.recv(1 << 14):
                    is_over.wait(0.1)

        thread = Thread(target=take)
        thread.start()
        yield int(listener.getsockname()[1])
        is_over.set()
        thread.join()


def test_a_server_that_refuses_is_named_once(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    """One line in the log, however often it is tried."""
    publisher = Publisher(
        Target(f"tcp://127.0.0.1:{refusing_port()}"),
        "cam",
        ledger,
        "out",
        random=lambda: 0.0,
    )
    with (
        caplog.at_level(logging.INFO),
        live_feed(publisher, ledger, "out") as feed,
    ):
        feed.send_until(lambda: feed.account.notes.get("publish_failures", 0) > 1)

    (line,) = [record.getMessage() for record in caplog.records]
    assert "connection refused" in line
    assert feed.at_sink.num_dropped == feed.account.decoded


def test_a_stream_that_ends_says_goodbye(ledger: Ledger) -> None:
    """Every frame that was sent is written; the viewer sees the end of it."""
    url, *options = LISTENERS["tcp"]
    url = url.format(free_port())
    publisher = Publisher(Target(url.removesuffix("?listen=1")), "cam", ledger, "out")
    with viewer(url, *options) as server, live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: server.has_seen(5))
        feed.close()
        feed.wait_until(lambda: server.has_left)

    assert feed.reasons <= {"connecting", "receiver_down", "receiver_lost"}


def test_no_frame_rate_above_the_limit_is_sent(ledger: Ledger) -> None:
    """The rest is dropped with its reason; what is sent keeps its own times."""
    url, *options = LISTENERS["tcp"]
    url = url.format(free_port())
    publisher = Publisher(
        Target(url.removesuffix("?listen=1")), "cam", ledger, "out", max_fps=10
    )
    with viewer(url, *options) as server, live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: server.has_seen(20))

    times = [seen.seconds for seen in server.seen]
    rate = (len(times) - 1) / (times[-1] - times[0])
    assert rate == pytest.approx(10, rel=0.2)
    assert "fps_limit" in feed.reasons


def test_no_credential_can_be_seen(ledger: Ledger) -> None:
    """Neither in the command line of the process, nor in states or logs."""
    with silent_server() as port:
        publisher = Publisher(
            Target(f"rtmp://user:secret@127.0.0.1:{port}/live/secret"),
            "cam",
            ledger,
            "out",
            deadline_s=2.0,
        )
        with live_feed(publisher, ledger, "out") as feed:
            feed.send_until(lambda: "connecting" in feed.reasons)
            commands = [
                path.read_bytes()
                for path in Path("/proc").glob("[0-9]*/cmdline")
                if path.exists()
            ]

    assert any(b"publishing.sender" in command for command in commands)
    assert not any(b"user:secret" in command for command in commands)
