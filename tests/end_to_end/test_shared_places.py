"""Two streams, or two daemons, in one place: the second is told so, in a sentence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import SYNTHETIC, Daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def places(folder: Path) -> dict[str, Any]:
    """Settings of a daemon that records, publishes and keeps events in ``folder``."""
    hook = {"ops": {"url": "http://127.0.0.1:9/hook"}}
    return {
        "defaults": {
            "source": SYNTHETIC,
            "recording": {"folder": str(folder / "rec"), "min_free": 0},
            "publish": [{"folder": str(folder / "hls")}],
        },
        "streams": {"first": {}},
        "tell": {"webhooks": hook, "spool": str(folder / "spool")},
    }


@contextmanager
def owner(folder: Path) -> Iterator[Daemon]:
    """A daemon that uses all places of ``folder``."""
    with Daemon(folder, places(folder)) as daemon:
        daemon.wait_written("first", 5)
        yield daemon


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One for all tests here."""
    with owner(tmp_path_factory.mktemp("owner")) as daemon:
        yield daemon


def test_a_stream_that_would_publish_where_another_does_is_refused(
    daemon: Daemon,
) -> None:
    """Over HTTP, by the defaults that both have; the first goes on."""
    source = {"source": "rtsp://127.0.0.1:9/second"}
    answer = daemon.ask("PUT", "/v1/streams/second", json=source)
    streams = daemon.get("/v1/streams")["streams"]
    daemon.wait_written("first", 3)

    hls = daemon.path.parent / "hls"
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(
        f"streams first and second both publish to {hls}"
    )
    assert [one["stream"] for one in streams] == ["first"]


def test_a_second_daemon_does_not_tell_the_events_of_the_first(
    daemon: Daemon, tmp_path: Path
) -> None:
    """It says why it does not start; as a wrong configuration it is not tried again."""
    other = tmp_path / "serve.yaml"
    other.write_bytes(daemon.path.read_bytes())

    second = subprocess.run(
        [sys.executable, "-m", "maskstream", "serve", str(other)],
        capture_output=True,
        text=True,
        check=False,
    )

    spool = daemon.path.parent / "spool"
    assert second.returncode == 2
    assert second.stderr.splitlines()[-1].endswith(
        f"tell.spool: {spool}: another process keeps its events in it, give each a "
        "folder of its own"
    )


def test_a_second_daemon_leaves_the_folders_of_the_first_alone(
    daemon: Daemon, tmp_path: Path
) -> None:
    """Its streams run, their sinks say what is wrong, and both end in order."""
    settings = places(daemon.path.parent)
    del settings["tell"]
    with Daemon(tmp_path, settings) as second:
        wrong = "another process "

        def are_told() -> bool:
            sinks = second.stream("first")["sinks"]
            return bool(sinks) and all(
                wrong in sink["state"] for sink in sinks.values()
            )

        second.wait(are_told, "two sinks that say what is wrong")
        sinks = second.stream("first")["sinks"]
        daemon.wait_written("first", 3)

        assert second.stop() == 0, second.printed

    where = daemon.path.parent
    assert sinks["video"]["state"].startswith(f"folder in use: {where}/rec: {wrong}")
    assert sinks["hls"]["state"].startswith(f"{where}/hls: {wrong}publishes into it")
    assert {one["reason"] for one in sinks["video"]["dropped"]} == {"folder_in_use"}
