"""The program works inside the walls that the unit and the containers build."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.deploy.tools import DEPLOY, need
from tests.end_to_end.daemon import SYNTHETIC
from tests.servers import refusing_port

pytestmark = [pytest.mark.slow, pytest.mark.root]

JAIL = Path(__file__).with_name("jail.py")
WALLS = """
mount --bind "$STATE" "$STATE"
mount -o remount,bind,ro /
cd "$STATE"
exec setpriv --no-new-privs --bounding-set -all --inh-caps -all "$@"
"""
"""As ProtectSystem=strict or Docker's --read-only, without capabilities."""


def confined(state: Path, *command: str, **named: str) -> subprocess.Popen[str]:
    """Start a program where only ``state`` can be written, under the unit's filter."""
    need("systemd-analyze")
    walls = [need("unshare"), "--mount", "sh", "-ec", WALLS, "sh", sys.executable]
    return subprocess.Popen(
        [*walls, str(JAIL), str(DEPLOY / "maskstream.service"), *command],
        env={
            "PATH": "/usr/sbin:/usr/bin",
            "STATE": str(state),
            "HOME": "/nonexistent",
            "TMPDIR": str(state),
            "XDG_CACHE_HOME": str(state / "cache"),
            **named,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_walls_stand(tmp_path: Path) -> None:
    """What the unit forbids fails: writing elsewhere, raw sockets, mounting."""
    script = """
import ctypes, socket
for attempt in (
    lambda: open("/etc/maskstream-was-here", "w"),
    lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    lambda: ctypes.CDLL(None, use_errno=True).mount(b"a", b"/mnt", b"tmpfs", 0, 0),
):
    try:
        print(attempt(), ctypes.get_errno())
    except OSError as error:
        print(error.errno)
"""

    with confined(tmp_path, sys.executable, "-c", script) as jailed:
        printed, _ = jailed.communicate(timeout=60)

    assert printed.split() == ["30", "1", "-1", "1"]


@pytest.mark.timeout(400)
def test_the_daemon_lives_within_the_walls_and_tells_systemd(tmp_path: Path) -> None:
    """Kernels compile, files are written; ready, watchdog, reload and stop are told."""
    config = tmp_path / "serve.yaml"
    port = refusing_port()
    streams = {
        "front": {
            "source": SYNTHETIC,
            "recording": {"folder": "recordings", "min_free": 0},
            "publish": [{"folder": "hls", "timeout": "15s"}],
        }
    }
    settings = {"model": {"size": "64x64"}, "http": {"port": port}, "streams": streams}
    config.write_text(yaml.safe_dump(settings))
    command = (sys.executable, "-m", "maskstream", "serve", str(config))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(200)

        def told(what: str) -> bool:
            while what not in systemd.recv(4096).decode().splitlines():
                pass
            return True

        named = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
        with confined(tmp_path, *command, **named) as jailed:
            try:
                assert told("READY=1")
                assert told("WATCHDOG=1")
                until = time.monotonic() + 100
                while not list(tmp_path.glob("hls/*.m4s")):
                    assert time.monotonic() < until
                    time.sleep(0.1)
                jailed.send_signal(signal.SIGHUP)
                assert told("RELOADING=1")
                assert told("READY=1")
                jailed.send_signal(signal.SIGTERM)
                assert told("STOPPING=1")
                printed, _ = jailed.communicate(timeout=100)
            finally:
                jailed.kill()

    assert jailed.returncode == 0, printed
    assert list(tmp_path.glob("recordings/front/*/*.mp4"))
