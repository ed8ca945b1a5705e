"""Events to a real broker, Debian's mosquitto, that goes away and comes back."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.events.counts import EventCounts
from maskstream.stages.events.delivery import Deliveries, Delivery
from maskstream.stages.events.event import Event, Phase
from maskstream.stages.events.mqtt import Mqtt
from maskstream.stages.events.spool import Spool
from tests.servers import refusing_port

pytestmark = pytest.mark.slow

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
with_broker = pytest.mark.skipif(
    MOSQUITTO is None and "CI" not in os.environ, reason="mosquitto is not installed"
)


@contextmanager
def broker(port: int, folder: Path) -> Iterator[None]:
    """Run a broker for ``user`` with the password ``s:cret`` alone."""
    passwords = folder / "passwords"
    if not passwords.exists():
        passwords.touch(mode=0o600)
        command = ["mosquitto_passwd", "-b", str(passwords), "user", "s:cret"]
        subprocess.run(command, check=True)
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\npassword_file {passwords}\n"
        "allow_anonymous false\nuser root\n"
    )
    assert MOSQUITTO is not None, "apt-get install mosquitto"
    process = subprocess.Popen(
        [MOSQUITTO, "-c", str(config)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with process:
        assert process.stdout is not None
        while b"running" not in (line := process.stdout.readline()):
            assert line, "mosquitto has ended"
        try:
            yield
        finally:
            process.kill()


@contextmanager
def listening(port: int) -> Iterator[SimpleQueue[tuple[str, Any]]]:
    """Subscribe to everything; gives topics and messages."""
    heard: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    ready: SimpleQueue[None] = SimpleQueue()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("user", "s:cret")
    client.on_message = lambda _client, _data, message: heard.put(
        (message.topic, json.loads(message.payload))
    )
    client.on_subscribe = lambda *_: ready.put(None)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.subscribe("#", qos=1)
    ready.get(timeout=60)
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def telling(url: str, counts: EventCounts) -> Iterator[Deliveries]:
    """Tell a broker."""
    delivery = Delivery(
        Mqtt(url, topic="home/events"),
        Spool(None, capacity=10),
        counts,
        first_wait_s=0.05,
        max_wait_s=0.2,
    )
    with Deliveries([delivery], close_s=20) as tell:
        yield tell


def event(number: int) -> Event:
    """Make one that can be told from others."""
    return Event(str(number), Phase.BEGIN, "cam", "crowd", ("car",), began_at=number)


@with_broker
def test_a_broker_gets_each_event_once_and_in_order(tmp_path: Path) -> None:
    """Under the topic of its stream and rule; the password holds a colon."""
    port, counts = refusing_port(), EventCounts()
    with broker(port, tmp_path), listening(port) as heard:
        with telling(f"mqtt://user:s%3Acret@127.0.0.1:{port}", counts) as tell:
            for number in range(5):
                tell(event(number))
        got = [heard.get(timeout=60) for _ in range(5)]

    assert {topic for topic, _ in got} == {"home/events/cam/crowd"}
    assert [told["id"] for _, told in got] == ["0", "1", "2", "3", "4"]
    assert heard.empty()
    assert counts.deliveries() == {("mqtt", "ok"): 5}


@with_broker
def test_a_broker_that_comes_late_and_is_restarted_gets_all(tmp_path: Path) -> None:
    """What happens while it is away waits, and comes in order."""
    port, counts = refusing_port(), EventCounts()
    with telling(f"mqtt://user:s%3Acret@127.0.0.1:{port}", counts) as tell:
        tell(event(0))
        with broker(port, tmp_path), listening(port) as heard:
            assert heard.get(timeout=60)[1]["id"] == "0"
        tell(event(1))
        tell(event(2))
        with broker(port, tmp_path):
            deadline = time.monotonic() + 60
            while counts.backlog()["mqtt"] and time.monotonic() < deadline:
                time.sleep(0.02)

    assert counts.deliveries()["mqtt", "ok"] == 3


@with_broker
def test_a_wrong_password_is_told_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line; the event waits."""
    port, counts = refusing_port(), EventCounts()
    target = Mqtt(f"mqtt://user:wrong@127.0.0.1:{port}", answer_s=2.0)
    delivery = Delivery(target, Spool(None, 10), counts, first_wait_s=0.01)
    with (
        broker(port, tmp_path),
        caplog.at_level(logging.WARNING),
        Deliveries([delivery], close_s=30) as tell,
    ):
        tell(event(0))

    assert caplog.messages == [
        "mqtt: 127.0.0.1 refuses the connection: not authorized; trying on",
        "mqtt: 1 events were not delivered",
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"url": "http://host"}, "a broker needs an mqtt or mqtts URL"),
        ({"url": "mqtt://"}, "a broker needs an mqtt or mqtts URL"),
        ({"url": "mqtt://h:99999"}, "a broker needs an mqtt or mqtts URL"),
        ({"url": "mqtt://h", "topic": "a/#"}, "a topic without # and [+] is needed"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], sentence: str) -> None:
    """Before the daemon runs."""
    with pytest.raises(ConfigError, match=sentence):
        Mqtt(**given)


def test_closing_does_not_wait_for_a_broker_that_is_silent() -> None:
    """An event that it has not taken is told of."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Mqtt(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", answer_s=0.1)
        counts = EventCounts()
        with Deliveries([Delivery(target, Spool(None, 10), counts)], 30) as tell:
            tell(event(0))

    assert counts.deliveries() == {("mqtt", "failed"): 1}
