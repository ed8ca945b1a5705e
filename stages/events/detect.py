"""Detect events: painted frames with their labels -> messages, clips and snapshots."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import utc_text
from maskstream.pipeline.frame import Frame, Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.events.clip import ClipRecorder, ClipSettings
from maskstream.stages.events.counts import EventCounts
from maskstream.stages.events.event import Event, Phase
from maskstream.stages.events.rules import Begin, End, Rule, RuleState
from maskstream.stages.events.shares import Shares
from maskstream.stages.events.snapshot import save_snapshot
from maskstream.stages.events.tidy import event_id, tidy

__all__ = ["EventDetector"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EventDetector:
    """Looks at each frame for its rules, and tells what begins and ends.

    Held frames go into clips, but no rule looks at their labels, which are not theirs.
    Neither a disk nor a target that fails ends the stream; ``tell`` must not wait.

    Raises:
        ConfigError: A rule is about a class that does not exist.
    """

    rules: Sequence[Rule]
    classes: ClassTable
    ledger: Ledger
    tell: Callable[[Event], None]
    counts: EventCounts = field(default_factory=EventCounts)
    clips: ClipSettings | None = None
    """None records none, and costs no encoding."""
    snapshots: Path | None = None
    """Folder for a JPEG of the frame in which an event began."""
    wall_clock: Callable[[], float] = time.time
    """For frames that do not say when they were taken."""
    sink: str = "events"

    def __post_init__(self) -> None:
        Shares(self.rules, self.classes)

    def __call__(self, inbox: Inbox) -> Outputs:
        """Look at every segmentation that ``inbox`` gives."""
        watch = _Watch(self)
        try:
            for item in inbox:
                watch.look(item)
                self.ledger.written(item.frame.stream, self.sink)
                yield
        finally:
            watch.finish()


class _Watch:
    """One stream, its rules and what is going on."""

    def __init__(self, settings: EventDetector) -> None:
        self._settings = settings
        self._shares = Shares(settings.rules, settings.classes)
        self._states = [RuleState(rule) for rule in settings.rules]
        self._running: list[Event | None] = [None] * len(self._states)
        self._told: dict[str, Event] = {}  # of which a clip is being made
        self._clips: ClipRecorder | None = None
        if settings.clips is not None:
            self._clips = ClipRecorder(settings.clips, self._on_clip)
        self._frame: Frame | None = None
        self._offset_s = self._last_offset_s = 0.0
        """Seconds since 1970 less those of the stream, for this frame and the last."""

    def look(self, item: Segmentation) -> None:
        """Take the next frame."""
        frame = item.frame
        if not item.is_held:
            taken_at = frame.captured_at
            if taken_at is None:
                taken_at = self._settings.wall_clock()
            self._frame = frame
            self._offset_s = taken_at - frame.pts_seconds
        if self._clips is not None:
            self._clips.push(frame)
        if item.is_held:
            return
        shares = self._shares.of(item.labels, frame.format.rotation)
        for number, share in enumerate(shares):
            for change in self._states[number].update(frame.pts_seconds, share):
                self._tell(number, change, share)
        self._frame = None
        self._last_offset_s = self._offset_s

    def finish(self) -> None:
        """End what is going on: the stream has ended."""
        for number, state in enumerate(self._states):
            for change in state.cut():
                self._tell(number, change, None)
        if self._clips is not None:
            self._clips.finish()

    def _tell(self, number: int, change: Begin | End, share: float | None) -> None:
        if isinstance(change, Begin):
            self._begin(number, change, share)
        elif event := self._running[number]:
            self._running[number] = None
            offset_s = self._last_offset_s if change.is_cut else self._offset_s
            ended = replace(
                event,
                phase=Phase.END,
                ended_at=change.until_s + offset_s,
                share=share,
                peak_share=change.peak_share,
                is_cut=change.is_cut,
            )
            self._settings.tell(ended)
            if self._clips is not None and event.id in self._told:
                self._told[event.id] = ended
                self._clips.end(event.id, change.until_s)

    def _begin(self, number: int, begin: Begin, share: float | None) -> None:
        rule, frame = self._settings.rules[number], self._frame
        assert frame is not None, "a rule begins with a frame"
        began_at = begin.since_s + self._offset_s
        event = Event(
            id=event_id(utc_text(began_at), rule.name, secrets.token_hex(3)),
            phase=Phase.BEGIN,
            stream=frame.stream,
            rule=rule.name,
            classes=rule.classes,
            began_at=began_at,
            share=share,
            peak_share=begin.peak_share,
        )
        self._settings.counts.event(frame.stream, rule.name)
        _logger.info("%s: %s has begun", frame.stream, rule.name)
        if self._settings.snapshots is not None:
            event = replace(event, snapshot=self._snapshot(event.id, frame))
        if self._clips is not None:
            self._told[event.id] = event
            path = self._clips.begin(event.id, frame.pts_seconds)
            event = replace(event, clip=None if path is None else str(path))
        self._running[number] = event
        self._settings.tell(event)

    def _snapshot(self, name: str, frame: Frame) -> str | None:
        folder = self._settings.snapshots
        assert folder is not None, "asked for"
        path = folder / f"{name}.jpg"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_snapshot(path, frame)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            _logger.warning("%s cannot be written: %s", path, reason)
            self._settings.counts.clip(frame.stream, "failed")
            return None
        self._settings.counts.clip(frame.stream, "ok")
        return str(path)

    def _on_clip(self, name: str, path: Path | None) -> None:
        event, settings = self._told.pop(name), self._settings
        settings.counts.clip(event.stream, "failed" if path is None else "ok")
        if path is None:
            return
        settings.tell(replace(event, phase=Phase.CLIP, clip=str(path)))
        assert settings.clips is not None, "a clip was made"
        tidy(path.parent, settings.clips.max_disk)
