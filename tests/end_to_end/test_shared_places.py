"""Two streams, or two daemons, in one place: the second says so, in a sentence."""

from __future__ import annotations

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


def test_a_second_daemon_leaves_the_folders_of_the_first_alone(
    daemon: Daemon, tmp_path: Path
) -> None:
    """Its streams run, their sinks say what is wrong, and both end in order."""
    with Daemon(tmp_path, places(daemon.path.parent)) as second:
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
    spool = f"{where}/spool/webhook-ops: {wrong}keeps its events in it"
    loud = [line["message"] for line in second.lines if line["level"] == "ERROR"]
    assert [message.startswith(spool) for message in loud] == [True]
    assert {one["reason"] for one in sinks["video"]["dropped"]} == {"folder_in_use"}
