"""Prometheus understands the rules, and each alert fires when it should."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from maskstream.stages.recording.health import DROP_REASONS
from tests.deploy.queries import DASHBOARD, PROMETHEUS, as_rules, dashboard_queries
from tests.deploy.queries import rules as all_rules
from tests.deploy.tools import DEPLOY, call

pytestmark = pytest.mark.slow

CASES = Path(__file__).with_name("alerts.test.yml")
RUNBOOK = DEPLOY.parent / "docs" / "troubleshooting.md"


def alerts() -> list[dict[str, Any]]:
    """Return the alerts among the rules."""
    return [rule for rule in all_rules() if "alert" in rule]


def test_prometheus_takes_the_configuration() -> None:
    """The example configuration and the files that it names are valid."""
    checked = call("promtool", "check", "config", PROMETHEUS / "prometheus.yml")

    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("rules found") == 2


def test_alerts_fire_and_are_silent_as_their_cases_say() -> None:
    """`promtool test rules` plays the series of each case."""
    tested = call("promtool", "test", "rules", CASES)

    assert tested.returncode == 0, tested.stdout


def test_each_alert_has_a_case_where_it_fires_and_one_where_it_is_silent() -> None:
    """An alert that never fires in a test may never fire at all."""
    cases = [
        case
        for test in yaml.safe_load(CASES.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    names = {alert["alert"] for alert in alerts()}

    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


def test_no_reason_why_nothing_is_recorded_goes_without_an_alert() -> None:
    """Each is in the expression, also one that was added later."""
    [alert] = [one for one in alerts() if one["alert"] == "MaskStreamRecordingStopped"]
    [reasons] = re.findall(r'reason=~"([\w|]+)"', alert["expr"])

    assert set(reasons.split("|")) == set(DROP_REASONS)


def test_each_alert_says_how_bad_it_is_and_where_to_read_on() -> None:
    """Its runbook is a heading of the page about troubles."""
    headings = re.findall(r"^#+ (.*)$", RUNBOOK.read_text(), re.MULTILINE)
    anchors = {
        re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings
    }

    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning"}, alert
        assert {"summary", "description", "runbook"} == set(alert["annotations"])
        assert alert["annotations"]["runbook"] in anchors


def test_each_alert_is_in_the_docs() -> None:
    """And the docs name none that is gone."""
    page = (RUNBOOK.parent / "deployment.md").read_text()

    rows = re.findall(r"^\| `(MaskStream\w+)` \|", page, re.MULTILINE)

    assert sorted(rows) == sorted(alert["alert"] for alert in alerts())


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    """Each parses, once Grafana has put values for its variables."""
    queries = dashboard_queries()
    as_rules(queries, tmp_path / "queries.yml")

    checked = call("promtool", "check", "rules", tmp_path / "queries.yml")

    assert checked.returncode == 0, checked.stdout
    assert f"{len(queries)} rules found" in checked.stdout


def test_the_dashboard_is_laid_out_without_overlaps() -> None:
    """Panels have ids of their own, and each square of the grid one panel."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    squares = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(squares)) == len(squares)
    assert max(x for x, _ in squares) < 24
    assert all(panel.get("description") for panel in panels if panel["type"] != "row")
