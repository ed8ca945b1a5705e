"""The supervisor: what may be asked of the daemon, and what it does by itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from threading import Lock
from typing import Any

from maskstream.models.classes import ClassTable
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.ledger import Ledger
from maskstream.server.config.publishing import check_targets
from maskstream.server.config.serve import ServeSettings, check_id, masked
from maskstream.server.config.stream import StreamConfig, lay_over, parse_stream
from maskstream.server.members import Member, Members
from maskstream.server.network import SharedNetwork
from maskstream.server.overload import Ladder
from maskstream.server.progress import Progress
from maskstream.server.status import State, StreamStatus
from maskstream.server.statuses import status_of
from maskstream.stages.recording.archive import Archive

__all__ = ["Supervisor"]

_logger = logging.getLogger(__name__)

_GRACE_S = 5.0  # beyond the deadline, for a reader that is stuck
_LOOK_EVERY_S = 1.0
_ABSENT_AFTER_S = 15.0


class Supervisor:
    """Answers as `Control` says, from any thread.

    `tick`, `adopt`, `drain` and `cancel` are for the daemon's own thread alone.
    """

    def __init__(
        self,
        settings: ServeSettings,
        members: Members,
        hub: Hub,
        network: SharedNetwork,
        ladder: Ladder,
        ledger: Ledger,
        classes: ClassTable,
        clock: Clock = monotonic_clock,
    ) -> None:
        self._settings = settings
        self._members = members
        self._hub = hub
        self._network = network
        self._ladder = ladder
        self._ledger = ledger
        self._classes = classes
        self._clock = clock
        self._progress = Progress(settings.config.hang_after, clock)
        self._changing = Lock()  # one change of settings at a time
        self._is_stopping = False
        self._hung: str | None = None
        self._looked_at = self._ticked_at = clock()
        for stream, own in settings.streams.items():
            config = settings.config.streams[stream]
            members.add(stream, own, config, is_from_file=True)

    def statuses(self) -> Sequence[StreamStatus]:
        """Every stream as it is now."""
        return [self._status(member) for member in self._members.all()]

    def status(self, stream: str) -> StreamStatus:
        """One stream as it is now."""
        return self._status(self._members.find(stream))

    def add(self, stream: str, settings: Mapping[str, Any]) -> None:
        """Start a stream of these settings, over the defaults."""
        check_id(stream)
        with self._changing:
            config = self._parse(stream, settings)
            self._check_targets(stream, config)
            self._members.add(stream, settings, config, is_from_file=False)

    def change(self, stream: str, settings: Mapping[str, Any]) -> None:
        """Lay settings over those of a stream; if that changes them, build it again."""
        with self._changing:
            member = self._members.find(stream)
            own = lay_over(member.own, settings)
            config = self._parse(stream, own)
            self._check_targets(stream, config)
            self._members.change(member, own, config)

    def remove(self, stream: str) -> None:
        """End a stream, finish its files and forget it; raises StillEndingError."""
        member = self._members.find(stream)
        member.life.end()
        member.wait(member.is_gone.wait, self._patience_s)

    def pause(self, stream: str) -> None:
        """Let go of the source until `resume`; raises StillEndingError."""
        member = self._members.find(stream)
        member.life.pause()
        member.wait(partial(member.life.wait_for, State.PAUSED), self._patience_s)

    def resume(self, stream: str) -> None:
        """Begin again after `pause`."""
        self._members.find(stream).life.resume()

    def restart(self, stream: str) -> None:
        """Build the stream again, also one that was given up."""
        self._members.find(stream).life.rebuild()

    def snapshot(self, stream: str, *, masked: bool = True) -> bytes | None:
        """Return the last finished frame as JPEG; None where there is none yet."""
        preview = self._members.find(stream).vitals.preview
        return None if preview is None else preview.snapshot(masked=masked)

    def preview(self, stream: str) -> AbstractContextManager[Iterator[bytes]]:
        """Watch a stream as fragmented MP4."""
        preview = self._members.find(stream).vitals.preview
        return nullcontext(iter(())) if preview is None else preview.watch()

    def preview_jpegs(self, stream: str) -> AbstractContextManager[Iterator[bytes]]:
        """Watch a stream as JPEGs, one a finished frame, the newest first."""
        preview = self._members.find(stream).vitals.preview
        return nullcontext(iter(())) if preview is None else preview.watch_jpegs()

    def archive(self, stream: str) -> Archive | None:
        """Return where a stream is recorded, to read; None where it is not."""
        recording = self._members.find(stream).config.recording
        # Of its own: readers need nothing of what those who record share.
        return None if recording is None else Archive(recording.folder)

    def config(self) -> Mapping[str, Any]:
        """Return the configuration in force, its secrets masked."""
        streams = {one.stream: masked(one.config) for one in self._members.all()}
        return {**masked(self._settings.config), "streams": streams}

    def set_log_level(self, level: str) -> None:
        """Set the level of the project's loggers: debug, info, warning or error."""
        logging.getLogger("maskstream").setLevel(level.upper())

    def why_not_alive(self) -> str | None:
        """Say what has hung, for ``/healthz``; None when all is well."""
        absent_s = self._clock() - self._ticked_at
        if absent_s > _ABSENT_AFTER_S:
            return f"nobody has looked after the streams for {absent_s:.0f} s"
        return self._network.why_not_alive or self._hung

    def why_not_ready(self) -> str | None:
        """Say what is starting or stopping, for ``/readyz``; None when all is well."""
        if self._is_stopping:
            return "the daemon is stopping"
        return self._network.why_not_up

    def adopt(self, settings: ServeSettings) -> list[str]:
        """Go over to another configuration; touch only the streams that differ.

        Streams that came over HTTP stay, over the new defaults.

        Returns:
            The streams that were added, changed or removed.

        Raises:
            MaskStreamError: Something in it cannot be used; nothing has changed.
        """
        with self._changing:
            plan = self._plan(settings)
            self._settings = settings
            touched = []
            for member in self._members.all():
                if member.stream not in plan:
                    member.life.end()
                    touched.append(member.stream)
            present = {member.stream: member for member in self._members.all()}
            for stream, (own, config) in plan.items():
                is_from_file = stream in settings.streams
                if stream in present:
                    present[stream].is_from_file = is_from_file
                    if not self._members.change(present[stream], own, config):
                        continue
                else:
                    self._members.add(stream, own, config, is_from_file=is_from_file)
                touched.append(stream)
            return touched

    def drain(self) -> None:
        """End every stream in order, and then the network."""
        self._is_stopping = True
        self._members.end()

    def cancel(self) -> None:
        """End every stream at once."""
        self._is_stopping = True
        self._members.cancel()

    def tick(self) -> None:
        """Do what is due."""
        now = self._ticked_at = self._clock()
        self._network.tick()
        self._ladder.tick()
        self._members.tick(self._network.why_not_up)
        members = self._members.all()
        if self._is_stopping and not members:
            self._hub.close()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            pipelines = [
                self._network.pipeline,
                *(one.life.pipeline for one in members),
            ]
            # While the network is loaded frames wait for it, and nothing hangs.
            is_due = self._network.is_up
            self._hung = self._progress.look(filter(None, pipelines) if is_due else ())

    @property
    def has_ended(self) -> bool:
        """Every stream was to end and has, and so has the network."""
        is_idle = self._network.has_ended or not self._network.is_up
        return self._is_stopping and is_idle and not self._members.all()

    @property
    def is_held_up(self) -> bool:
        """Only streams are left whose sources hang."""
        members = self._members.all()
        return bool(members) and all(one.life.is_held_up for one in members)

    @property
    def failure(self) -> str | None:
        """Why the network was given up, and the daemon with it."""
        return self._network.failure

    @property
    def is_loading(self) -> bool:
        """A thread loads the network, and cannot be told to stop."""
        return self._network.is_loading

    @property
    def num_unbalanced(self) -> int:
        """Frames without an outcome, of streams that have gone."""
        return self._members.num_unbalanced

    def abandon(self) -> int:
        """Close the books of streams that do not end; gives their frames in flight."""
        num_lost = 0
        for member in self._members.all():
            missing = self._ledger.account(member.stream).in_flight
            num_lost += max(missing.values(), default=0)
            _logger.error("%s: does not end and is left", member.stream)
        self._ledger.settle(stage="stop", reason="abandoned")
        return num_lost

    def summary(self) -> str:
        """Say in a few words how the streams are."""
        statuses = self.statuses()
        num_up = sum(one.state is State.RUNNING for one in statuses)
        fps = sum(one.fps_out for one in statuses)
        return f"{num_up} of {len(statuses)} streams up, {fps:.1f} frames a second"

    @property
    def _patience_s(self) -> float:
        return self._settings.config.stop_deadline + _GRACE_S

    def _status(self, member: Member) -> StreamStatus:
        account = self._ledger.account(member.stream)
        return status_of(member, account, self._classes, self._ladder.scale)

    def _parse(self, stream: str, own: Mapping[str, Any]) -> StreamConfig:
        return self._parse_over(self._settings.defaults, stream, own)

    def _parse_over(
        self, defaults: Mapping[str, Any], stream: str, own: Mapping[str, Any]
    ) -> StreamConfig:
        config = parse_stream(lay_over(defaults, own), origin=f"stream {stream}")
        self._members.check(config)
        return config

    def _check_targets(self, stream: str, config: StreamConfig) -> None:
        present = {one.stream: one.config.publish for one in self._members.all()}
        check_targets({**present, stream: config.publish})

    def _plan(
        self, settings: ServeSettings
    ) -> dict[str, tuple[Mapping[str, Any], StreamConfig]]:
        """List the streams that there are to be, all of them checked."""
        wanted = dict(settings.streams)
        for member in self._members.all():
            if not member.is_from_file:
                wanted.setdefault(member.stream, member.own)
        plan = {
            stream: (own, self._parse_over(settings.defaults, stream, own))
            for stream, own in wanted.items()
        }
        check_targets({stream: one.publish for stream, (_, one) in plan.items()})
        return plan
