"""Streams side by side: each comes, goes and fails alone."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ConfigError
from maskstream.server.control import StreamExistsError, UnknownStreamError
from maskstream.server.status import State
from tests.server.bench import Bench, settings_of
from tests.server.fakes import until
from tests.server.test_network import FakeEngine

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A supervisor that is stopped at the end."""
    bench = Bench()
    yield bench
    bench.close()


def test_streams_run_side_by_side_and_end_in_order(bench: Bench) -> None:
    """Drained, every frame of each has its outcome, and the network ends after them."""
    for stream in ("front", "back"):
        bench.add(stream)
    for stream in ("front", "back"):
        bench.until_written(stream)

    bench.supervisor.drain()
    until(lambda: bench.supervisor.has_ended, bench.supervisor.tick)

    assert bench.network.has_ended
    assert bench.supervisor.num_unbalanced == 0
    assert bench.ledger.accounts() == {}


def test_one_stream_pauses_and_the_other_does_not_notice(bench: Bench) -> None:
    """Paused, it lets go of its camera; the other goes on."""
    for stream in ("front", "back"):
        bench.add(stream)
        bench.until_written(stream)

    bench.ask(lambda: bench.supervisor.pause("front"))
    assert bench.supervisor.status("front").state is State.PAUSED
    before = bench.written("front")
    bench.until_written("back", more=5)
    assert bench.written("front") == before
    bench.supervisor.resume("front")

    bench.until_written("front")


def test_an_id_is_taken_once_and_free_again_when_its_stream_has_gone(
    bench: Bench,
) -> None:
    """Nothing of the stream before is left behind."""
    bench.add("front")
    bench.until_written("front")
    with pytest.raises(StreamExistsError, match="there is a stream 'front' already"):
        bench.add("front")

    bench.ask(lambda: bench.supervisor.remove("front"))
    with pytest.raises(UnknownStreamError, match="no stream 'front'"):
        bench.supervisor.status("front")
    assert bench.supervisor.statuses() == []

    bench.add("front")
    bench.until_written("front")


def test_sources_begin_when_the_network_runs() -> None:
    """Before, frames would only pile up; a network that never comes is told of."""
    clock, may_open = ManualClock(), Event()

    def open_slowly() -> FakeEngine:
        may_open.wait()
        return FakeEngine()

    bench = Bench(open_engine=open_slowly, clock=clock)
    bench.add("front")

    def seen_after(seconds: float) -> tuple[str | None, str | None]:
        clock.advance(seconds)
        bench.supervisor.tick()
        supervisor = bench.supervisor
        return supervisor.why_not_ready(), supervisor.why_not_alive()

    loading = "the network is being loaded"
    assert seen_after(0) == (loading, None)
    assert seen_after(600) == (loading, None)
    assert seen_after(1) == (loading, "the network has been loading for 601 s")
    status = bench.supervisor.status("front")
    assert (status.state, status.message) == (State.STARTING, loading)
    assert not bench.cameras
    may_open.set()
    bench.until_written("front")

    assert seen_after(1) == (None, None)
    bench.close()


def test_nothing_hangs_while_the_network_is_loaded_again() -> None:
    """Streams run on, and their frames wait for it, for as long as it takes."""
    clock, may_open = ManualClock(), Event()
    engines = iter([FakeEngine()])

    def open_again() -> FakeEngine:
        for engine in engines:
            return engine
        may_open.wait()
        return FakeEngine()

    bench = Bench(open_engine=open_again, clock=clock)
    bench.add("front")
    bench.until_written("front")
    bench.is_broken.set()
    until(lambda: bench.network.num_failures == 1, bench.supervisor.tick)

    for _ in range(3):
        clock.advance(40)
        bench.supervisor.tick()
        assert bench.supervisor.why_not_alive() is None
    assert bench.supervisor.status("front").state is not State.STARTING
    may_open.set()
    bench.until_written("front")
    bench.close()


@pytest.mark.parametrize(
    ("stream", "settings", "sentence"),
    [
        ("a/b", {"source": "rtsp://c/"}, "the id of a stream is of letters"),
        ("c", {}, "stream c: source is missing"),
        ("c", {"sorce": "rtsp://c/"}, "stream c: unknown key 'sorce', did you mean"),
        ("c", {"source": "rtsp://c/", "priority": 0}, "stream c: priority: input"),
        (
            "c",
            {"source": "rtsp://c/", "overlay": {"hide": ["unknown"]}},
            "no class is called",
        ),
    ],
)
def test_settings_that_cannot_be_used_start_nothing(
    bench: Bench, stream: str, settings: dict[str, Any], sentence: str
) -> None:
    """One sentence says why."""
    with pytest.raises(ConfigError, match=sentence):
        bench.supervisor.add(stream, settings)

    assert bench.supervisor.statuses() == []


def test_a_change_builds_the_stream_again_and_no_change_does_not(bench: Bench) -> None:
    """The account goes on; what was not said stays as it was."""
    bench.add("front")
    bench.until_written("front")

    bench.supervisor.change("front", {"source": "rtsp://user:hush@front/"})
    bench.until_written("front")
    assert bench.num_built["front"] == 1
    bench.supervisor.change("front", {"priority": 5})
    until(lambda: bench.num_built["front"] == 2, bench.supervisor.tick)
    bench.until_written("front")

    config = bench.supervisor.config()["streams"]["front"]
    assert config["priority"] == 5
    assert config["source"]["url"] == "rtsp://***@front/"
    with pytest.raises(ConfigError):
        bench.supervisor.change("front", {"priority": "high"})
    assert bench.supervisor.config()["streams"]["front"]["priority"] == 5


def test_a_restart_builds_the_stream_again(bench: Bench) -> None:
    """Also one that is well."""
    bench.add("front")
    bench.until_written("front")

    bench.supervisor.restart("front")
    until(lambda: bench.num_built["front"] == 2, bench.supervisor.tick)

    bench.until_written("front")


def test_a_status_tells_no_secret(bench: Bench) -> None:
    """The source is shown without its password."""
    bench.add("front")
    bench.until_written("front")

    status = bench.supervisor.status("front")

    assert status.source == "rtsp://***@front/"
    assert status.account.decoded > 0
    assert status.sinks == {"sink": "ok"}
    assert "hush" not in repr(bench.supervisor.statuses())


def test_health_is_told_from_start_to_stop(bench: Bench) -> None:
    """Alive all the time; ready from when the network runs until the stop."""
    assert bench.supervisor.why_not_ready() == "the network is being loaded"
    until(lambda: bench.network.is_up, bench.supervisor.tick)
    assert bench.supervisor.why_not_ready() is None
    assert bench.supervisor.why_not_alive() is None

    bench.supervisor.drain()

    assert bench.supervisor.why_not_ready() == "the daemon is stopping"
    assert bench.supervisor.why_not_alive() is None


def test_another_configuration_touches_what_differs() -> None:
    """One stream comes, one goes, one changes, and one runs on untouched."""
    bench = Bench(
        {
            "same": {"source": "rtsp://same/"},
            "changed": {"source": "rtsp://changed/"},
            "gone": {"source": "rtsp://gone/"},
        }
    )
    bench.supervisor.add("api", {"source": "rtsp://api/"})
    for stream in ("same", "changed", "gone", "api"):
        bench.until_written(stream)

    touched = bench.supervisor.adopt(
        settings_of(
            {
                "same": {"source": {"url": "rtsp://same/"}},
                "changed": {"source": "rtsp://changed/", "priority": 2},
                "new": {"source": "rtsp://new/"},
            }
        )
    )

    assert touched == ["gone", "changed", "new"]
    until(lambda: len(bench.supervisor.statuses()) == 4, bench.supervisor.tick)
    for stream in ("same", "changed", "new", "api"):
        bench.until_written(stream)
    assert bench.num_built == {"same": 1, "changed": 2, "gone": 1, "api": 1, "new": 1}
    bench.close()


def test_a_configuration_that_cannot_be_had_changes_nothing() -> None:
    """Everything is checked before anything is touched."""
    bench = Bench({"front": {"source": "rtsp://front/"}})
    bench.until_written("front")
    bad = settings_of(
        {"back": {"source": "rtsp://back/", "overlay": {"hide": ["unknown"]}}}
    )

    with pytest.raises(ConfigError, match="no class is called"):
        bench.supervisor.adopt(bad)

    bench.until_written("front")
    assert [one.stream for one in bench.supervisor.statuses()] == ["front"]
    bench.close()


def test_streams_that_do_not_end_are_left_and_their_frames_counted(
    bench: Bench,
) -> None:
    """Whoever stops the daemon does not wait for ever."""
    bench.add("front")
    bench.until_written("front")
    bench.ledger.decoded("front")  # a frame that nobody has

    assert bench.supervisor.abandon() >= 1

    assert bench.supervisor.summary().startswith("0 of 1 streams up")
