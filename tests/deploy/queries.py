"""What the rules and the dashboard ask of Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.tools import DEPLOY

PROMETHEUS = DEPLOY / "prometheus"
RULE_FILES = (PROMETHEUS / "recording.yml", PROMETHEUS / "alerts.yml")
DASHBOARD = DEPLOY / "grafana" / "maskstream.json"

_VARIABLES = {"$__rate_interval": "1m", "$instance": ".*", "$stream": ".*"}


def rules() -> list[dict[str, Any]]:
    """Return each recording rule and each alert, as its file has it."""
    return [
        rule
        for path in RULE_FILES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def dashboard_queries() -> list[str]:
    """Return each query of the dashboard, with values for Grafana's variables."""
    queries = list(_expressions(json.loads(DASHBOARD.read_text())))
    for name, value in _VARIABLES.items():
        queries = [query.replace(name, value) for query in queries]
    assert not [query for query in queries if "$" in query]
    return queries


def metrics_asked_for() -> set[str]:
    """Return the daemon's metrics that rules, queries and variables name."""
    asked = [str(rule["expr"]) for rule in rules()] + [DASHBOARD.read_text()]
    # Behind a colon it is a series that a rule has recorded.
    return set(re.findall(r"(?<![:\w])maskstream_\w+", " ".join(asked)))


def metrics_told_of() -> set[str]:
    """Return the metrics that the table in docs/running.md names."""
    page = (DEPLOY.parent / "docs" / "running.md").read_text()
    _, _, table = page.partition("| metric | labels | is |")
    rows = [row.split("|")[1] for row in table.split("\n\n")[0].splitlines()[2:]]
    return {
        f"maskstream_{name}" for row in rows for name in re.findall(r"`(\w+)`", row)
    }


def exported(exposition: str) -> set[str]:
    """Return the names that a page of metrics declares, also those without a value."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE):
        parts = ("", "_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        names |= {name + part for part in parts}
    return names


def _expressions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "expr":
                yield value
            else:
                yield from _expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from _expressions(value)


def as_rules(queries: list[str], path: Path) -> None:
    """Write ``queries`` as recording rules, so that promtool checks them."""
    recorded = [
        {"record": f"query:{number}", "expr": query}
        for number, query in enumerate(queries)
    ]
    path.write_text(json.dumps({"groups": [{"name": "queries", "rules": recorded}]}))
