"""Clips: from some seconds before an event began until some after it has ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import av
from av.video.stream import VideoStream

from maskstream.pipeline.frame import Frame
from maskstream.stages.events.ring import CodedPicture, LiveEncoder, Ring
from maskstream.stages.mux import open_container
from maskstream.stages.output import partial_name

__all__ = ["ClipRecorder", "ClipSettings"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """What a clip holds, and how much all of them may take."""

    folder: Path
    before_s: float = 5.0
    after_s: float = 5.0
    max_s: float = 60.0
    """A clip of an event that lasts ends here."""
    max_memory: int = 32 * 2**20
    """Bytes of the last seconds, encoded; a clip begins later where they are less."""
    max_disk: int = 2**30
    """Bytes of all clips and snapshots of a stream; the oldest are removed."""


class _Clip:
    """An MP4 being written."""

    def __init__(
        self, path: Path, track: VideoStream, first: CodedPicture, until_s: float
    ) -> None:
        self.path = path
        self.until_s = until_s
        self._first_pts = first.pts
        self._files = ExitStack()
        container = self._files.enter_context(
            open_container(partial_name(path), replace(first.frame, pts=0))
        )
        self._container = container
        self._track = container.add_stream_from_template(track)
        self._track.time_base = first.frame.format.time_base
        container.start_encoding()

    def write(self, coded: CodedPicture) -> None:
        packet = av.Packet(coded.payload)
        packet.stream, packet.time_base = self._track, coded.frame.format.time_base
        packet.pts = packet.dts = coded.pts - self._first_pts
        packet.duration = coded.frame.duration
        packet.is_keyframe = coded.is_keyframe
        self._container.mux_one(packet)

    def close(self) -> None:
        """Finish the file under its own name."""
        self._files.close()
        partial_name(self.path).replace(self.path)

    def abandon(self) -> None:
        """Let go of the file, which may be damaged, under its partial name."""
        try:
            self._files.close()
        except (OSError, av.FFmpegError) as error:
            _logger.debug("%s: %s", self.path, error)


class ClipRecorder:
    """Remembers the last seconds of one stream, and writes clips when told to.

    What fails costs the clip it happens to, and nothing else.

    Args:
        settings: Lengths and limits.
        on_done: Called with the id of an event and its clip, or None where it failed.
    """

    def __init__(
        self, settings: ClipSettings, on_done: Callable[[str, Path | None], None]
    ) -> None:
        self._settings = settings
        self._on_done = on_done
        self._encoder: LiveEncoder | None = None
        self._last: Frame | None = None
        self._ring = Ring(settings.before_s, settings.max_memory)
        self._clips: dict[str, _Clip] = {}

    def push(self, frame: Frame) -> None:
        """Take the next frame of the stream."""
        last = self._last
        self._last = replace(frame, picture=None)
        if last is None or frame.format is not last.format or frame.pts < last.pts:
            self._restart(frame)
        if self._encoder is None:
            return
        try:
            pictures = self._encoder.encode(frame, self._last)
        except av.FFmpegError as error:
            self._give_up(frame, error)
            return
        for coded in pictures:
            self._ring.push(coded)
            for event_id, clip in list(self._clips.items()):
                if coded.seconds <= clip.until_s:
                    self._write(event_id, clip, [coded])
                else:
                    self._close(event_id)

    def begin(self, event_id: str, now_s: float) -> Path | None:
        """Begin a clip with what is remembered; return its name, None if it failed."""
        pictures = self._ring.pictures()
        if self._encoder is None or not pictures:
            self._on_done(event_id, None)
            return None
        path = self._settings.folder / f"{event_id}.mp4"
        until_s = now_s + self._settings.max_s - self._settings.before_s
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            clip = _Clip(path, self._encoder.track, pictures[0], until_s)
        except (OSError, av.FFmpegError) as error:
            self._fail(event_id, path, error)
            return None
        self._clips[event_id] = clip
        return path if self._write(event_id, clip, pictures) else None

    def end(self, event_id: str, now_s: float) -> None:
        """Let a clip end when the time after the event has passed."""
        if clip := self._clips.get(event_id):
            clip.until_s = min(clip.until_s, now_s + self._settings.after_s)

    def finish(self) -> None:
        """End all clips: the stream has, or its format."""
        for event_id in list(self._clips):
            self._close(event_id)

    def _restart(self, first: Frame) -> None:
        self.finish()
        self._ring = Ring(self._settings.before_s, self._settings.max_memory)
        self._encoder = None
        try:
            self._encoder = LiveEncoder(first)
        except av.FFmpegError as error:
            self._give_up(first, error)

    def _give_up(self, frame: Frame, error: Exception) -> None:
        _logger.warning("%s: no clips can be encoded: %s", frame.stream, error)
        self._encoder = None
        self.finish()

    def _write(self, event_id: str, clip: _Clip, pictures: list[CodedPicture]) -> bool:
        try:
            for coded in pictures:
                clip.write(coded)
        except (OSError, av.FFmpegError) as error:
            clip.abandon()
            del self._clips[event_id]
            self._fail(event_id, clip.path, error)
            return False
        return True

    def _close(self, event_id: str) -> None:
        clip = self._clips.pop(event_id)
        try:
            clip.close()
        except (OSError, av.FFmpegError) as error:
            self._fail(event_id, clip.path, error)
            return
        self._on_done(event_id, clip.path)

    def _fail(self, event_id: str, path: Path, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        _logger.warning("%s cannot be written: %s", path, reason.lower())
        self._on_done(event_id, None)
