"""Webhooks against a real server that is down, slow, wrong, and back again."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.events.counts import EventCounts
from maskstream.stages.events.delivery import Deliveries, Delivery
from maskstream.stages.events.event import Event, Phase
from maskstream.stages.events.spool import Spool
from maskstream.stages.events.webhook import Webhook
from tests.hook_server import hook_server
from tests.servers import refusing_port

pytestmark = pytest.mark.slow


def event(number: int) -> Event:
    """Make one that can be told from others."""
    return Event(str(number), Phase.BEGIN, "cam", "rule", ("car",), began_at=number)


@contextmanager
def telling(
    url: str, counts: EventCounts, *, folder: Path | None = None, **hook: Any
) -> Iterator[Deliveries]:
    """Tell one webhook, with waits that a test can bear."""
    delivery = Delivery(
        Webhook("webhook-ops", url, **hook),
        Spool(folder, capacity=5),
        counts,
        first_wait_s=0.01,
        max_wait_s=0.05,
    )
    with Deliveries([delivery], close_s=20) as tell:
        yield tell


def test_an_event_is_posted_as_json_and_signed() -> None:
    """The signature is the HMAC-SHA256 of the body."""
    counts = EventCounts()
    with hook_server() as hook, telling(hook.url, counts, secret="key") as tell:
        tell(event(1))
        ((_, headers, body),) = hook.requests(at_least=1)

    assert headers["Content-Type"] == "application/json"
    digest = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert headers["X-MaskStream-Signature"] == f"sha256={digest}"
    told = json.loads(body)
    assert told["format"] == "maskstream.event"
    assert (told["id"], told["phase"]) == ("1", "begin")
    assert told["began_at"] == "1970-01-01T00:00:01.000000Z"
    assert counts.deliveries() == {("webhook-ops", "ok"): 1}


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_failures_of_the_moment_are_tried_on_in_order(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """One line when it begins and one when it is over, without the URL's secret."""
    counts = EventCounts()
    with hook_server() as hook, caplog.at_level(logging.INFO):
        hook.answers.extend([status] * 3)
        with telling(hook.url, counts) as tell:
            for number in range(3):
                tell(event(number))
            taken = hook.taken(at_least=3)

    assert [told["id"] for told in taken] == ["0", "1", "2"]
    assert counts.deliveries() == {
        ("webhook-ops", "failed"): 3,
        ("webhook-ops", "ok"): 3,
    }
    assert counts.backlog() == {"webhook-ops": 0}
    assert caplog.messages == [
        f"webhook-ops: http://127.0.0.1:{hook.port} answered {status}; trying on",
        "webhook-ops: delivers again, after 3 failures",
    ]


@pytest.mark.parametrize("status", [400, 404, 410, 302])
def test_a_refusal_is_not_tried_again(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted each time and logged once; those that follow are delivered."""
    counts = EventCounts()
    with hook_server() as hook, caplog.at_level(logging.WARNING):
        hook.answers.extend([status, status])
        hook.headers["Location"] = "http://127.0.0.1:1/elsewhere"
        with telling(hook.url, counts) as tell:
            for number in range(3):
                tell(event(number))
            taken = hook.taken(at_least=1)

    assert [told["id"] for told in taken] == ["2"]
    assert counts.deliveries() == {
        ("webhook-ops", "rejected"): 2,
        ("webhook-ops", "ok"): 1,
    }
    assert len(caplog.messages) == 1
    assert "SECRET" not in caplog.text


def test_a_server_that_does_not_answer_is_given_up_on() -> None:
    """After the timeout, and the message comes again."""
    counts = EventCounts()
    with hook_server() as hook:
        hook.answers.append(0)
        with telling(hook.url, counts, timeout_s=0.2) as tell:
            tell(event(1))
            assert [told["id"] for told in hook.taken(at_least=1)] == ["1"]

    assert counts.deliveries()["webhook-ops", "failed"] >= 1


def test_a_server_that_is_down_gets_the_latest_when_it_is_back(tmp_path: Path) -> None:
    """What did not fit in the spool was dropped, the oldest first, and counted."""
    counts, port = EventCounts(), refusing_port()
    url = f"http://127.0.0.1:{port}/hook"
    with telling(url, counts, folder=tmp_path) as tell:
        for number in range(8):
            tell(event(number))
        with hook_server(port) as hook:
            taken = hook.taken(at_least=5)

    assert [told["id"] for told in taken] == ["3", "4", "5", "6", "7"]
    assert counts.deliveries()["webhook-ops", "dropped"] == 3
    assert counts.deliveries()["webhook-ops", "ok"] == 5
    assert not list(tmp_path.glob("*.json"))


KILLED = """
import sys
from pathlib import Path
from tests.stages.events.test_webhook import EventCounts, event, telling
with telling(sys.argv[1], EventCounts(), folder=Path(sys.argv[2])) as tell:
    for number in range(3):
        tell(event(number))
    print("told", flush=True)
    sys.stdin.read()
"""


def test_events_outlive_a_kill(tmp_path: Path) -> None:
    """A daemon killed while its webhook is down tells it after a restart, in order."""
    port = refusing_port()
    url = f"http://127.0.0.1:{port}/hook"
    killed = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == b"told\n"
        killed.send_signal(signal.SIGKILL)

    with (
        hook_server(port) as hook,
        telling(url, EventCounts(), folder=tmp_path) as tell,
    ):
        tell(event(3))
        taken = hook.taken(at_least=4)

    assert [told["id"] for told in taken] == ["0", "1", "2", "3"]


def test_closing_does_not_wait_for_a_server_that_is_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each message is tried once more at most; the rest stays, and is told of."""
    url = f"http://127.0.0.1:{refusing_port()}/hook"

    with (
        caplog.at_level(logging.WARNING),
        telling(url, EventCounts(), folder=tmp_path) as tell,
    ):
        tell(event(1))
        tell(event(2))

    assert len(list(tmp_path.glob("*.json"))) == 2
    assert caplog.messages[-1] == "webhook-ops: 2 events were not delivered"


def test_closing_interrupts_a_wait_for_one_last_try() -> None:
    """A server that is back by then gets all that waits, in order."""
    counts = EventCounts()
    with hook_server() as hook:
        hook.answers.append(503)
        delivery = Delivery(
            Webhook("webhook-ops", hook.url),
            Spool(None, capacity=5),
            counts,
            first_wait_s=600,
            max_wait_s=600,
        )
        with Deliveries([delivery], close_s=20) as tell:
            for number in range(3):
                tell(event(number))
            hook.requests(at_least=1)
        taken = hook.taken(at_least=3)

    assert [told["id"] for told in taken] == ["0", "1", "2"]
    assert counts.deliveries()["webhook-ops", "failed"] == 1


@pytest.mark.parametrize("url", ["ftp://host/x", "http://", "host/x", "http://h:99999"])
def test_what_is_no_url_of_http_is_refused(url: str) -> None:
    """Before the daemon runs."""
    with pytest.raises(ConfigError, match="webhook-ops: a webhook needs an http"):
        Webhook("webhook-ops", url)


def test_secrets_are_not_shown() -> None:
    """Neither by repr nor in logs of the libraries underneath."""
    hook = Webhook("ops", "https://user:pw@host/SECRET", secret="key")

    assert repr(hook) == "Webhook(name='ops', timeout_s=10.0)"
    assert logging.getLogger("httpx").level >= logging.WARNING
