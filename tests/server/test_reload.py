"""A changed file is read when it has come to rest; a bad one changes nothing."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import yaml

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.server.config.logs import LogConfig
from maskstream.server.config.serve import (
    ServeConfig,
    ServeSettings,
    load_serve_settings,
)
from maskstream.server.metrics import ServerMetrics
from maskstream.server.notify import Notifier
from maskstream.server.reload import Reloader

ONE = "streams: {front: {source: 'rtsp://front/'}}\n"
APPLIED = {"defaults", "streams"}
OTHER: dict[str, object] = {
    "model": {"size": "64x64"},
    "batch": {"max_size": 3},
    "overload": {"every": 3},
    "http": {"port": 1234},
    "tell": {"webhooks": {"ops": {"url": "http://ops/"}}},
    "stop_deadline": 7,
    "hang_after": 7,
}
TWO = "streams: {back: {source: 'rtsp://back-door/'}}\n"


class Bench:
    """A reloader over a file, and what it has adopted."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "serve.yaml"
        self.path.write_text(ONE)
        self.clock = ManualClock()
        self.adopted: list[ServeSettings] = []
        self.refuses: Exception | None = None
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
            raise self.refuses
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
    bench.refuses = ConfigError("no such class")
    bench.reloader.reload()
    assert bench.count("refused") == 2


@pytest.mark.parametrize("text", ["", "x: 2026-13-45", "x: &x [*x]", "streams: {a: 1}"])
def test_nothing_that_a_file_holds_ends_a_stream(bench: Bench, text: str) -> None:
    """Neither one that was emptied nor one that YAML chokes on."""
    bench.path.write_text(text)

    bench.reloader.reload()

    assert bench.adopted == []
    assert bench.count("refused") == 1


def test_what_nobody_foresaw_is_a_refusal(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with its stack, and the old configuration stays."""
    bench.refuses = ZeroDivisionError("oh")

    bench.reloader.reload()

    assert bench.count("refused") == 1
    assert "the old one stays: unexpected ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text


def test_a_file_that_is_gone_for_a_moment_changes_nothing(bench: Bench) -> None:
    """Editors put a new file in the place of the old one."""
    bench.path.unlink()
    for _ in range(3):
        bench.look()

    assert bench.adopted == []
    assert bench.count("refused") == 0


@pytest.mark.parametrize("key", sorted(ServeConfig.model_fields.keys() - {"log"}))
def test_a_key_is_applied_or_named(
    bench: Bench, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    """What takes a restart is said to, and the configuration in force is the old."""
    if key in APPLIED:
        bench.path.write_text("defaults: {priority: 2}\n" + TWO)
    else:
        bench.path.write_text(ONE + yaml.safe_dump({key: OTHER[key]}))
    wanted = getattr(load_serve_settings(bench.path).config, key)

    bench.reloader.reload()

    (adopted,) = bench.adopted
    is_applied = getattr(adopted.config, key) == wanted
    sentence = f"{key}: changes take effect when the daemon is started again"
    assert is_applied == (key in APPLIED)
    assert (sentence in caplog.text) == (key not in APPLIED)


def test_the_level_of_the_log_is_applied_and_its_format_named(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no third part of it."""
    bench.path.write_text(ONE + "log: {level: debug, format: json}\n")

    with caplog.at_level(logging.INFO, "maskstream"):  # and back to that afterwards
        bench.reloader.reload()
        assert logging.getLogger("maskstream").level == logging.DEBUG

    assert LogConfig.model_fields.keys() == {"level", "format"}
    assert bench.adopted[0].config.log == LogConfig(level="debug", format="text")
    assert "log.format: changes take effect when" in caplog.text


def test_what_waits_is_named_in_one_line_until_it_is_in_force(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """At each reload anew: nobody believes that another network runs now."""
    bench.path.write_text(
        ONE + yaml.safe_dump({k: OTHER[k] for k in ("model", "tell")})
    )
    bench.reloader.reload()
    bench.reloader.reload()
    bench.path.write_text(ONE)
    bench.reloader.reload()

    assert caplog.text.count("model, tell: changes take effect when") == 2
