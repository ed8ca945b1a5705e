"""What the HTTP interface may ask of the daemon; `Supervisor` answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from maskstream.pipeline.errors import MaskStreamError
from maskstream.server.status import StreamStatus
from maskstream.stages.recording.archive import Archive

__all__ = ["Control", "StillEndingError", "StreamExistsError", "UnknownStreamError"]


class UnknownStreamError(MaskStreamError, KeyError):
    """No stream has this id."""

    def __str__(self) -> str:
        return str(self.args[0])


class StreamExistsError(MaskStreamError, ValueError):
    """A stream of this id is there already."""


class StillEndingError(MaskStreamError, TimeoutError):
    """A stream is to end and has not; it goes when what holds it lets go."""


class Control(Protocol):
    """Streams and their lives. Every method may be called from any thread.

    Raises:
        UnknownStreamError: The stream is not there.
        ConfigError: Settings cannot be used; nothing has changed then.
    """

    def statuses(self) -> Sequence[StreamStatus]:
        """Every stream as it is now."""

    def status(self, stream: str) -> StreamStatus:
        """One stream as it is now."""

    def add(self, stream: str, settings: Mapping[str, Any]) -> None:
        """Start a stream of these settings; raises StreamExistsError."""

    def change(self, stream: str, settings: Mapping[str, Any]) -> None:
        """Lay settings over those of a stream, which is built again where it must."""

    def remove(self, stream: str) -> None:
        """End a stream, finish its files and forget it; raises StillEndingError."""

    def pause(self, stream: str) -> None:
        """Let go of the source until `resume`; raises StillEndingError."""

    def resume(self, stream: str) -> None:
        """Begin again after `pause`."""

    def restart(self, stream: str) -> None:
        """Build the stream again, also one that was given up."""

    def snapshot(self, stream: str, *, masked: bool = True) -> bytes | None:
        """Return the last finished frame as JPEG; None where there is none yet."""

    def preview(self, stream: str) -> AbstractContextManager[Iterator[bytes]]:
        """Watch a stream as fragmented MP4: an initialisation segment, then fragments.

        Leaving the context stops the encoding when nobody else watches. Any thread may
        leave it, also while another waits in the iterator, which ends then. It ends
        with the stream too, and skips to the next keyframe when its reader is slow.
        """

    def preview_jpegs(self, stream: str) -> AbstractContextManager[Iterator[bytes]]:
        """Watch a stream as JPEGs, the newest finished frame each time.

        Any thread may leave the context, as that of `preview`.
        """

    def archive(self, stream: str) -> Archive | None:
        """Return where a stream is recorded, to read; None where it is not."""

    def config(self) -> Mapping[str, Any]:
        """Return the configuration in force, its secrets masked."""

    def set_log_level(self, level: str) -> None:
        """Set the level of the project's loggers: debug, info, warning or error."""

    def why_not_alive(self) -> str | None:
        """Say what has hung, for ``/healthz``; None when all is well."""

    def why_not_ready(self) -> str | None:
        """Say what is starting or stopping, for ``/readyz``; None when all is well."""
