"""Events to an MQTT broker, at least once each (QoS 1)."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any
from urllib.parse import unquote, urlsplit

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.events.delivery import NotNowError

__all__ = ["Mqtt"]

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEPALIVE_S = 30


@dataclass(frozen=True, slots=True)
class Mqtt:
    """Publishes to ``TOPIC/STREAM/RULE``; the connection is made again when it is lost.

    Raises:
        ConfigError: The URL is not one of MQTT, the topic has wildcards, or paho-mqtt
            is not installed.
    """

    url: str = field(repr=False)
    """``mqtt://USER:PASSWORD@HOST:PORT``, or ``mqtts:`` for TLS."""
    topic: str = "maskstream/events"
    client_id: str = ""
    """Empty takes one at random."""
    answer_s: float = 10.0
    """How long a try may take."""
    name: str = "mqtt"

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_broker = parts.scheme in _PORTS and parts.hostname and parts.port != 0
        except ValueError:  # no number of a port
            is_broker = False
        if not is_broker:
            raise ConfigError(f"{self.name}: a broker needs an mqtt or mqtts URL")
        if not self.topic or set("#+\0") & set(self.topic):
            raise ConfigError(
                f"{self.name}: a topic without # and + is needed, got {self.topic!r}"
            )
        _paho()

    @contextmanager
    def open(self) -> Iterator[Callable[[bytes], None]]:
        """Connect, whenever it can be, and give what publishes a message."""
        connection = _Connection(self)
        try:
            yield connection.publish
        finally:
            connection.close()

    def topic_of(self, body: bytes) -> str:
        """Name the topic of a message."""
        event = json.loads(body)
        return f"{self.topic}/{event['stream']}/{event['rule']}"


class _Connection:
    """A client of paho's, whose thread connects, sends and hears the answers."""

    def __init__(self, settings: Mqtt) -> None:
        self._settings = settings
        self._is_connected, self._is_taken = Flag(), Flag()
        self._why_not = "cannot be reached"
        self._under_way: tuple[bytes, int] | None = None  # a message and paho's number
        mqtt, parts = _paho(), urlsplit(settings.url)
        self._host = parts.hostname
        client = self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=settings.client_id
        )
        if parts.username is not None:
            password = None if parts.password is None else unquote(parts.password)
            client.username_pw_set(unquote(parts.username), password)
        if parts.scheme == "mqtts":
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_disconnect = lambda *_: self._is_connected.clear()
        client.on_publish = lambda *_: self._is_taken.set()  # of the one under way
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        port = parts.port or _PORTS[parts.scheme]
        client.connect_async(parts.hostname, port, _KEEPALIVE_S)
        client.loop_start()

    def publish(self, body: bytes) -> None:
        if self._under_way is None or self._under_way[0] != body:
            if not self._is_connected.wait(self._settings.answer_s):
                raise NotNowError(f"{self._host} {self._why_not}")
            self._is_taken.clear()
            topic = self._settings.topic_of(body)
            # From here on paho has it and sends it by itself, again after a reconnect.
            self._under_way = body, self._client.publish(topic, body, qos=1).mid
        if not self._is_taken.wait(self._settings.answer_s):
            raise NotNowError(f"{self._host} has not taken an event")
        self._under_way = None

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, *given: Any) -> None:
        _, _, _, reason, _ = given
        if reason.is_failure:
            self._why_not = f"refuses the connection: {str(reason).lower()}"
        else:
            self._is_connected.set()


def _paho() -> Any:
    try:
        return importlib.import_module("paho.mqtt.client")
    except ImportError as error:
        raise ConfigError(
            "MQTT needs paho-mqtt, which is not installed; "
            "pip install 'maskstream[mqtt]' installs it"
        ) from error
