"""Rules and targets as they are set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.settings_file import check_settings
from maskstream.server.config.event_rules import RuleConfig
from maskstream.server.config.events import EventsConfig, TellConfig
from maskstream.stages.events.counts import EventCounts
from maskstream.stages.events.event import Event, Phase
from maskstream.stages.events.rules import Rule
from tests.hook_server import hook_server

PLAIN: dict[str, Any] = {"ends_after_s": 1.0, "hysteresis": 0.2, "cooldown_s": 10.0}


def rule(settings: dict[str, Any]) -> Rule:
    """Read a rule as the daemon does."""
    return check_settings(RuleConfig, settings).rule("r")


@pytest.mark.parametrize(
    ("sentence", "keys"),
    [
        (
            "pedestrian covers more than 2 % for 1 s",
            {"class": "pedestrian", "share_above": 0.02, "for": "1s"},
        ),
        (
            "car or bicyclist cover less than 0.5% for 2min",
            {"class": ["car", "bicyclist"], "share_below": 0.005, "for": 120},
        ),
        ("car  appears", {"class": "car", "appears": True}),
        ("car disappears for 5s", {"class": "car", "disappears": True, "for": 5}),
    ],
)
def test_a_sentence_says_what_keys_do(sentence: str, keys: dict[str, Any]) -> None:
    """Both make the same rule."""
    assert rule({"when": sentence}) == rule({"when": keys})


def test_words_become_a_rule() -> None:
    """With the project's defaults, and with one's own."""
    assert rule({"when": {"class": "car", "share_above": 0.1}}) == Rule(
        "r", ("car",), 0.1, **PLAIN
    )
    assert rule({"when": "car disappears", "cooldown": "1m", "ends_after": 0}) == Rule(
        "r",
        ("car",),
        0.001,
        is_above=False,
        is_loss=True,
        ends_after_s=0.0,
        cooldown_s=60.0,
    )
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    region = {"class": "car", "share_below": 0.1, "within": corners}
    assert rule({"when": region}) == Rule(
        "r", ("car",), 0.1, is_above=False, within=corners, **PLAIN
    )


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ("pedestrian jumps", "a rule such as 'pedestrian covers more than 2 % for"),
        ({"class": "car"}, "a rule needs one of share_above, share_below, appears"),
        (
            {"class": "car", "appears": True, "disappears": True},
            "a rule needs one of share_above",
        ),
        ({"appears": True}, "a rule needs a class"),
        ({"class": "car", "share_above": 2}, "less than or equal to 1"),
        (
            {"class": "car", "appears": True, "within": [[0, 0], [1, 1]]},
            "a region needs three corners, got 2",
        ),
        (
            {"class": "car", "appears": True, "within": [[0, 0], [1, 1], [2, 0]]},
            "corners are shares of the picture",
        ),
        ({"class": "car", "appear": True}, "unknown key 'when.appear', did you mean"),
    ],
)
def test_what_says_nothing_is_refused(when: Any, sentence: str) -> None:
    """In one sentence."""
    with pytest.raises(ConfigError, match=sentence):
        rule({"when": when})


def test_a_stream_gets_a_sink_for_its_rules(tmp_path: Path) -> None:
    """With a folder of its own; without rules there is none."""
    config = check_settings(
        EventsConfig,
        {
            "rules": {"crowd": {"when": "pedestrian covers more than 2 % for 1s"}},
            "folder": str(tmp_path),
            "before": "3s",
            "max_disk_mib": 10,
        },
    )

    sink = config.detector("front", CAMVID, Ledger(), lambda _: None, EventCounts())

    assert sink is not None
    assert [one.name for one in sink.rules] == ["crowd"]
    assert sink.clips is not None
    assert sink.clips.folder == sink.snapshots == tmp_path / "front"
    assert (sink.clips.before_s, sink.clips.max_disk) == (3.0, 10 * 2**20)
    none = EventsConfig().detector("front", CAMVID, Ledger(), print, EventCounts())
    assert none is None


@pytest.mark.parametrize("name", ["../etc", "a b", ""])
def test_names_are_such_as_files_and_metrics_can_have(name: str) -> None:
    """They name clips, topics and labels."""
    with pytest.raises(ConfigError, match="a name is of letters"):
        check_settings(EventsConfig, {"rules": {name: {"when": "car appears"}}})


@pytest.mark.slow
def test_targets_are_told(tmp_path: Path) -> None:
    """Each on its own; the spool has a folder for each that is elsewhere."""
    counts = EventCounts()
    with hook_server() as hook:
        config = check_settings(
            TellConfig,
            {
                "jsonl": {"path": str(tmp_path / "events.jsonl")},
                "webhooks": {"ops": {"url": hook.url, "secret": "key"}},
                "spool": str(tmp_path / "spool"),
            },
        )
        with config.deliveries(counts) as tell:
            tell(Event("1", Phase.BEGIN, "cam", "r", ("car",), began_at=0.0))
            assert hook.taken(at_least=1)[0]["id"] == "1"

    assert (tmp_path / "events.jsonl").read_bytes().count(b"\n") == 1
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["webhook-ops"]
    assert counts.deliveries() == {("jsonl", "ok"): 1, ("webhook-ops", "ok"): 1}


def test_secrets_are_masked_wherever_the_settings_are_shown() -> None:
    """URLs of hooks and brokers among them."""
    config = check_settings(
        TellConfig,
        {
            "webhooks": {"ops": {"url": "https://h/SECRET", "secret": "SECRET"}},
            "mqtt": {"url": "mqtt://user:SECRET@h"},
        },
    )

    assert "SECRET" not in repr(config)
    assert "SECRET" not in config.model_dump_json()
