"""A changed file is read when it has come to rest; a bad one changes nothing."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.server.config.serve import ServeSettings, load_serve_settings
from maskstream.server.metrics import ServerMetrics
from maskstream.server.notify import Notifier
from maskstream.server.reload import Reloader

ONE = "streams: {front: {source: 'rtsp://front/'}}\n"
TWO = "streams: {back: {source: 'rtsp://back-door/'}}\n"


class Bench:
    """A reloader over a file, and what it has adopted."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "serve.yaml"
        self.path.write_text(ONE)
        self.clock = ManualClock()
        self.adopted: list[ServeSettings] = []
        self.refuses = False
        self.metrics = ServerMetrics(Ledger())
        self.reloader = Reloader(
            self.path,
            load_serve_settings(self.path),
            self.adopt,
            self.metrics,
            Notifier({}),
            self.clock,
        )

    def adopt(self, settings: ServeSettings) -> list[str]:
        """Take settings over."""
        if self.refuses:
            raise ConfigError("no such class")
        self.adopted.append(settings)
        return list(settings.streams)

    def look(self) -> None:
        """Let a second pass."""
        self.clock.advance(1)
        self.reloader.tick()

    def count(self, result: str) -> float | None:
        """Count reloads."""
        name = "maskstream_config_reloads_total"
        return self.metrics.registry.get_sample_value(name, {"result": result})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A reloader over a file of one stream."""
    return Bench(tmp_path)


def test_a_change_is_read_once_when_nobody_writes_any_more(bench: Bench) -> None:
    """Not while it still changes, and not again afterwards."""
    bench.look()
    assert bench.adopted == []

    bench.path.write_text(TWO)
    bench.look()
    assert bench.adopted == []
    for _ in range(3):
        bench.look()

    assert [list(one.streams) for one in bench.adopted] == [["back"]]
    assert bench.count("done") == 1


def test_a_file_that_cannot_be_used_is_refused_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The sentence is logged, the old configuration stays, the refusal is counted."""
    bench.path.write_text("streems: {}\n")
    for _ in range(4):
        bench.look()

    assert bench.adopted == []
    assert caplog.text.count("did you mean 'streams'") == 1
    assert (bench.count("refused"), bench.count("done")) == (1, 0)
    bench.path.write_text(ONE)
    bench.refuses = True
    bench.reloader.reload()
    assert bench.count("refused") == 2


def test_a_file_that_is_gone_for_a_moment_changes_nothing(bench: Bench) -> None:
    """Editors put a new file in the place of the old one."""
    bench.path.unlink()
    for _ in range(3):
        bench.look()

    assert bench.adopted == []
    assert bench.count("refused") == 0


def test_what_waits_for_the_next_start_is_named(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody believes that another network runs now."""
    bench.path.write_text(ONE + "model: {size: 64x64}\nlog: {level: debug}\n")

    with caplog.at_level(logging.INFO, "maskstream"):  # and back to that afterwards
        bench.reloader.reload()
        assert logging.getLogger("maskstream").level == logging.DEBUG

    assert "model: changes take effect when the daemon is started again" in caplog.text
