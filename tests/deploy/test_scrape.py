"""A real Prometheus scrapes what is really exported and evaluates all that we ship."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics
from maskstream.server.disk_figures import DiskFigures
from maskstream.stages.recording.archive import Archive
from tests.deploy.queries import (
    RULE_FILES,
    dashboard_queries,
    exported,
    metrics_asked_for,
    rules,
)
from tests.deploy.tools import need

pytestmark = pytest.mark.slow

Ask = Callable[..., Any]

AWAITED = {
    "maskstream_config_reloads_total",
    "maskstream_frame_staleness_seconds_bucket",
    "maskstream_network_failures_total",
    "maskstream_network_scale",
    "maskstream_overload_level",
    "maskstream_sink_latency_seconds_bucket",
    "maskstream_sink_up",
    "maskstream_stream_crashes_total",
    "maskstream_stream_last_frame_timestamp_seconds",
    "maskstream_stream_reconnects_total",
    "maskstream_stream_state",
    "maskstream_stream_up",
}
"""Of the daemon, as soon as it exports them; then this goes away."""


@pytest.fixture(scope="module")
def metrics_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where metrics are served."""
    ledger = Ledger()
    ledger.open("front", ["video"])
    ledger.decoded("front")
    ledger.dropped("front", stage="collect", reason="stale")
    metrics = Metrics(ledger)
    archive = Archive(tmp_path_factory.mktemp("recordings"))
    metrics.registry.register(DiskFigures(lambda: [archive]))
    with metrics.serve(0) as port:
        yield port


@pytest.fixture(scope="module")
def ask(metrics_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """``ask("query", query="up")``: the API of a Prometheus that has scraped once."""
    folder = tmp_path_factory.mktemp("prometheus")
    scrape = {
        "job_name": "maskstream",
        "static_configs": [{"targets": [f"127.0.0.1:{metrics_port}"]}],
    }
    every = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    config = {
        "global": every,
        "rule_files": list(map(str, RULE_FILES)),
        "scrape_configs": [scrape],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        port = finder.getsockname()[1]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [
                need("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'store'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )

    def call(what: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{port}/api/v1/{what}?{urlencode(parameters)}"
        with urlopen(url, timeout=30) as answer:
            return json.load(answer)["data"]

    try:
        wait_until(lambda: bool(call("query", query="up == 1")["result"]))
        yield call
    finally:
        server.kill()
        server.wait()


def wait_until(is_so: Callable[[], bool], timeout_s: float = 60) -> None:
    """Ask until it is so."""
    until = time.monotonic() + timeout_s
    while True:
        try:
            if is_so():
                return
        except URLError:
            pass
        assert time.monotonic() < until
        time.sleep(0.1)


def test_all_that_rules_and_dashboard_name_is_exported(metrics_port: int) -> None:
    """A metric that was renamed leaves no alert behind that can never fire."""
    with urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=30) as page:
        names = exported(page.read().decode())

    assert metrics_asked_for() - names - AWAITED == set()


def test_prometheus_evaluates_every_rule(ask: Ask) -> None:
    """All are healthy once they were evaluated, with the labels of a real scrape."""

    def evaluated() -> list[dict[str, Any]]:
        groups = ask("rules")["groups"]
        return [rule for group in groups for rule in group["rules"]]

    wait_until(lambda: all(rule["health"] != "unknown" for rule in evaluated()))

    assert {rule["health"] for rule in evaluated()} == {"ok"}
    assert len(evaluated()) == len(rules())


def test_prometheus_answers_every_query_of_the_dashboard(ask: Ask) -> None:
    """Queries that parse may still fail, when labels do not match one to one."""
    for query in dashboard_queries():
        ask("query", query=query)
