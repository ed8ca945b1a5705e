"""A camera over RTSP, served by GStreamer's own server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cameras import RtspCamera
from tests.end_to_end.conftest import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def camera() -> Iterator[str]:
    """``host:port`` of the server, which Debian's packages in .ci/run provide."""
    with RtspCamera() as camera:
        camera.start()
        yield f"127.0.0.1:{camera.port}"


def test_a_camera_is_segmented_for_a_while(
    run: Run, camera: str, tmp_path: Path
) -> None:
    """Live frames are written with their own times, and the ledger balances."""
    summary = tmp_path / "s.json"

    done = run(
        *("run", f"rtsp://{camera}/open", "-o", tmp_path / "o.mkv"),
        *("--duration", "2s", "--summary", summary, "--size", "64x64"),
    )

    assert done.code == 0, done.err
    (account,) = json.loads(summary.read_text())["streams"].values()
    assert account["decoded"] == account["written"] + account["dropped"]
    assert account["written"] > 0


def test_a_password_opens_the_stream_and_is_never_shown(
    run: Run, camera: str, tmp_path: Path
) -> None:
    """Neither the summary nor what is printed holds the secret."""
    summary = tmp_path / "s.json"

    done = run(
        *("run", f"rtsp://user:secret@{camera}/locked", "-o", tmp_path / "o.mkv"),
        *("--duration", "1s", "--summary", summary, "--size", "64x64"),
    )

    assert done.code == 0, done.err
    assert "secret" not in done.out + done.err + summary.read_text()


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_one_sentence(
    run: Run, camera: str, tmp_path: Path, password: str
) -> None:
    """The sentence says that the server wants another, without showing this one."""
    user = f"user:{password}@" if password else ""

    done = run("run", f"rtsp://{user}{camera}/locked", "-o", tmp_path / "o.mkv")

    assert done.code == 1
    assert "password" in done.sentence
    assert "wrong" not in done.sentence
    assert list(tmp_path.iterdir()) == []
