"""A real Prometheus scrapes what is really exported and evaluates all that we ship."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.deploy.queries import (
    RULE_FILES,
    dashboard_queries,
    exported,
    metrics_asked_for,
    metrics_told_of,
    rules,
)
from tests.deploy.tools import need
from tests.end_to_end.daemon import SYNTHETIC, Daemon
from tests.servers import refusing_port

pytestmark = pytest.mark.slow

Ask = Callable[..., Any]

CALM = (
    "MaskStreamDown",
    "MaskStreamNetworkFails",
    "MaskStreamReconnectStorm",
    "MaskStreamRecordingStopped",
    "MaskStreamReloadFailed",
    "MaskStreamStreamCrashes",
    "MaskStreamStreamDown",
    "MaskStreamStreamGivenUp",
)
"""Alerts that a busy machine gives no reason for."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with one stream, which it records."""
    folder = tmp_path_factory.mktemp("daemon")
    record = {"folder": str(folder / "recordings"), "min_free": 0}
    stream = {"source": SYNTHETIC, "recording": record}
    with Daemon(folder, {"streams": {"front": stream}}) as daemon:
        daemon.wait_written("front", 5)
        yield daemon


@pytest.fixture(scope="module")
def ask(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """``ask("query", query="up")``: the API of a Prometheus that has scraped once."""
    folder = tmp_path_factory.mktemp("prometheus")
    scrape = {
        "job_name": "maskstream",
        "static_configs": [{"targets": [f"127.0.0.1:{daemon.port}"]}],
    }
    every = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    config = {
        "global": every,
        "rule_files": list(map(str, RULE_FILES)),
        "scrape_configs": [scrape],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    port = refusing_port()
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


def wait_until(is_so: Callable[[], bool], timeout_s: float = 180) -> None:
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


def test_all_that_rules_and_dashboard_name_is_exported(daemon: Daemon) -> None:
    """A metric that was renamed leaves no alert behind that can never fire."""
    names = exported(daemon.ask("GET", "/metrics").text)

    assert metrics_asked_for() - names == set()
    assert metrics_told_of() - names == set()


def test_prometheus_evaluates_every_rule(ask: Ask) -> None:
    """All are healthy, and of a stream that is well none is even pending."""

    def evaluated() -> list[dict[str, Any]]:
        groups = ask("rules")["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def states() -> dict[str, str]:
        return {rule["name"]: rule.get("state", "") for rule in evaluated()}

    # A rule that was evaluated before the first scrape thinks that nothing is up.
    wait_until(lambda: all(states()[name] == "inactive" for name in CALM))
    wait_until(lambda: all(rule["health"] != "unknown" for rule in evaluated()))

    assert {rule["health"] for rule in evaluated()} == {"ok"}
    assert len(evaluated()) == len(rules())


def test_prometheus_answers_every_query_of_the_dashboard(ask: Ask) -> None:
    """Queries that parse may still fail, when labels do not match one to one."""
    for query in dashboard_queries():
        ask("query", query=query)
