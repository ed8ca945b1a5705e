"""What systemd hears, through a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.server.notify import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The end that the service manager has."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(0.01)
        yield end


def heard(systemd: socket.socket) -> list[str]:
    """Read every datagram that has arrived."""
    messages = []
    try:
        while True:
            messages.append(systemd.recv(4096).decode())
    except TimeoutError:
        return messages


def test_the_life_of_a_service_is_told(systemd: socket.socket) -> None:
    """Ready, a status when it changes, reloading with the time, stopping."""
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})

    notifier.ready()
    notifier.status("2 of 2 streams")
    notifier.status("2 of 2 streams")
    notifier.reloading()
    notifier.reloaded()
    notifier.stopping()

    ready, status, reloading, reloaded, stopping = heard(systemd)
    assert ready == "READY=1"
    assert status == "STATUS=2 of 2 streams"
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert reloaded == "READY=1"
    assert stopping == "STOPPING=1"


def test_a_reload_before_the_start_is_over_says_nothing(
    systemd: socket.socket,
) -> None:
    """The end of it would be taken for the end of the start."""
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})

    notifier.reloading()
    notifier.reloaded()
    assert heard(systemd) == []
    notifier.ready()

    assert heard(systemd) == ["READY=1"]


def test_the_watchdog_is_fed_twice_in_its_time(systemd: socket.socket) -> None:
    """Not at every call."""
    clock = ManualClock()
    environment = {
        "NOTIFY_SOCKET": systemd.getsockname(),
        "WATCHDOG_USEC": "4000000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    notifier = Notifier(environment, clock)

    for _ in range(8):
        notifier.feed()
        clock.advance(0.5)

    assert heard(systemd) == ["WATCHDOG=1"] * 2
    assert environment == {}


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "no"}],
)
def test_a_watchdog_of_nobody_or_of_another_is_not_fed(
    systemd: socket.socket, environment: dict[str, str]
) -> None:
    """A child of the service must not speak for it."""
    notifier = Notifier({**environment, "NOTIFY_SOCKET": systemd.getsockname()})

    notifier.feed()

    assert heard(systemd) == []


def test_nobody_need_listen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without systemd nothing happens; a socket that is gone is logged once."""
    Notifier({}).ready()
    assert caplog.text == ""

    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.ready()
    notifier.feed()

    assert caplog.text.count("systemd cannot be told anything: No such file") == 1


def test_whoever_does_not_listen_holds_nobody(
    systemd: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    """What was said last of each kind is heard once somebody listens, in its order."""
    clock = ManualClock()
    environment = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "2"}
    notifier = Notifier(environment, clock)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                other.sendto(b"noise", systemd.getsockname())

    notifier.ready()
    for number in range(1000):  # a second each, were it to wait
        clock.advance(1)
        notifier.feed()
        notifier.status(f"{number} streams")
    notifier.reloading()
    notifier.ready()
    assert set(heard(systemd)) == {"noise"}
    notifier.feed()

    messages = [message.partition("\n")[0] for message in heard(systemd)]
    assert messages == ["WATCHDOG=1", "STATUS=999 streams", "RELOADING=1", "READY=1"]
    assert len(caplog.records) == 1


def test_a_socket_may_be_without_a_file() -> None:
    """An @ stands for the zero byte of an abstract address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0maskstream-test-{os.getpid()}")
        end.settimeout(1)

        Notifier({"NOTIFY_SOCKET": f"@maskstream-test-{os.getpid()}"}).ready()

        assert end.recv(100) == b"READY=1"
