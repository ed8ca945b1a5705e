"""The program works inside the walls that the unit and the containers build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, need

pytestmark = [pytest.mark.slow, pytest.mark.root]

JAIL = Path(__file__).with_name("jail.py")
WALLS = """
mount --bind "$STATE" "$STATE"
mount -o remount,bind,ro /
exec setpriv --no-new-privs --bounding-set -all --inh-caps -all "$@"
"""
"""As ProtectSystem=strict or Docker's --read-only, without capabilities."""


def confined(state: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the program where only ``state`` can be written, under the unit's filter."""
    need("systemd-analyze")
    walls = [need("unshare"), "--mount", "sh", "-ec", WALLS, "sh", sys.executable]
    return subprocess.run(
        [*walls, str(JAIL), str(DEPLOY / "maskstream.service"), *command],
        env={
            "PATH": "/usr/sbin:/usr/bin",
            "STATE": str(state),
            "HOME": "/nonexistent",
            "TMPDIR": str(state),
            "XDG_CACHE_HOME": str(state / "cache"),
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
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

    done = confined(tmp_path, sys.executable, "-c", script)

    assert done.stdout.split() == ["30", "1", "-1", "1"], done.stderr


def test_a_stream_is_segmented_within_the_walls(tmp_path: Path) -> None:
    """Kernels are compiled into memory, threads pinned and files written."""
    output = tmp_path / "masked.mkv"
    command = (sys.executable, "-m", "maskstream", "run", "synthetic:")

    done = confined(tmp_path, *command, "--duration", "0.2s", "-o", str(output))

    assert done.returncode == 0, done.stderr
    assert output.stat().st_size > 0
