"""The events of a stream, and whom all streams tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from maskstream.models.classes import ClassTable
from maskstream.pipeline.config import Duration, OutputPath
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.server.config.event_rules import Name, RuleConfig
from maskstream.stages.events.clip import ClipSettings
from maskstream.stages.events.counts import EventCounts
from maskstream.stages.events.delivery import Deliveries, Delivery, Target
from maskstream.stages.events.detect import EventDetector
from maskstream.stages.events.event import Event
from maskstream.stages.events.jsonl import JsonLines
from maskstream.stages.events.mqtt import Mqtt
from maskstream.stages.events.spool import Spool
from maskstream.stages.events.webhook import Webhook

__all__ = ["EventsConfig", "TellConfig"]

_MIB = 2**20


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EventsConfig(_Config):
    """The events of one stream."""

    rules: dict[Name, RuleConfig] = Field({}, description="By name; none: no events.")
    folder: OutputPath | None = Field(
        None, description="For clips and snapshots, in a folder for each stream."
    )
    clips: bool = Field(True, description="A picture says more, if there is a folder.")
    snapshots: bool = Field(True, description="The same; the first frame of each.")
    before: Duration = Field(5.0, description="What led to it, in the clip.")
    after: Duration = Field(5.0, description="What came of it.")
    max_length: Duration = Field(60.0, description="An event may last for hours.")
    max_memory_mib: int = Field(
        32, ge=1, description="Of encoded pictures before an event: 5 s take 1 to 10."
    )
    max_disk_mib: int = Field(
        1024, ge=1, description="Of the stream's clips and snapshots; the oldest go."
    )

    def detector(
        self,
        stream: str,
        classes: ClassTable,
        ledger: Ledger,
        tell: Callable[[Event], None],
        counts: EventCounts,
    ) -> EventDetector | None:
        """Make the sink of a stream; None where it has no rules.

        Raises:
            ConfigError: The model has no such class.
        """
        if not self.rules:
            return None
        folder = None if self.folder is None else self.folder / stream
        clips = None
        if folder is not None and self.clips:
            clips = ClipSettings(
                folder,
                before_s=self.before,
                after_s=self.after,
                max_s=self.max_length,
                max_memory=self.max_memory_mib * _MIB,
                max_disk=self.max_disk_mib * _MIB,
            )
        return EventDetector(
            [one.rule(name) for name, one in self.rules.items()],
            classes,
            ledger,
            tell,
            counts=counts,
            clips=clips,
            snapshots=folder if self.snapshots else None,
        )


class JsonlConfig(_Config):
    """Events in a file."""

    path: OutputPath = Field(description="A new file for each day (UTC).")
    max_mib: int = Field(64, ge=1, description="A new one earlier than that.")
    keep: int = Field(30, ge=0, description="Old files that stay: a month.")


class WebhookConfig(_Config):
    """Events by HTTP."""

    url: SecretStr = Field(description="Of many a hook the path is the secret.")
    secret: SecretStr | None = Field(
        None, description="Signs the body with HMAC-SHA256, so that it can be trusted."
    )
    timeout: Annotated[Duration, Field(gt=0)] = Field(
        10.0, description="What answers later is tried again."
    )


class MqttConfig(_Config):
    """Events to a broker."""

    url: SecretStr = Field(description="mqtt://USER:PASSWORD@HOST, or mqtts: for TLS.")
    topic: str = Field("maskstream/events", description="/STREAM/RULE is appended.")


class TellConfig(_Config):
    """Whom the events of all streams are told to."""

    jsonl: JsonlConfig | None = None
    webhooks: dict[Name, WebhookConfig] = Field({}, description="By name.")
    mqtt: MqttConfig | None = None
    spool: OutputPath | None = Field(
        None,
        description="Folder for what webhooks and the broker have not taken yet; "
        "without it, that is lost at a restart.",
    )
    capacity: int = Field(
        1000, ge=1, description="Messages that may wait for one target: some MB."
    )

    def deliveries(self, counts: EventCounts) -> Deliveries:
        """Make what tells everybody; entered, it runs a thread for each target.

        Raises:
            ConfigError: A URL cannot be used, what a target needs is not installed, or
                the spool cannot be read.
        """
        targets: list[tuple[Target, bool]] = []
        if self.jsonl is not None:
            max_bytes = self.jsonl.max_mib * _MIB
            file = JsonLines(self.jsonl.path, max_bytes, keep=self.jsonl.keep)
            targets.append((file, False))
        for name, hook in self.webhooks.items():
            secret = None if hook.secret is None else hook.secret.get_secret_value()
            url = hook.url.get_secret_value()
            targets.append(
                (Webhook(f"webhook-{name}", url, secret, hook.timeout), True)
            )
        if self.mqtt is not None:
            url = self.mqtt.url.get_secret_value()
            targets.append((Mqtt(url, self.mqtt.topic), True))
        return Deliveries(
            [
                Delivery(target, self._spool_of(target, is_remote), counts)
                for target, is_remote in targets
            ]
        )

    def _spool_of(self, target: Target, is_remote: bool) -> Spool:
        if self.spool is None or not is_remote:
            return Spool(None, self.capacity)
        try:
            return Spool(self.spool / target.name, self.capacity)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigError(f"tell.spool: {self.spool}: {reason}") from None
