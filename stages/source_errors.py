"""Why an input cannot be opened or read, in one sentence without its secrets."""

from __future__ import annotations

import errno
from pathlib import Path

import av

from maskstream.pipeline.errors import SourceError
from maskstream.stages.source import Source

__all__ = ["SilentSourceError", "source_error"]

_REASONS: dict[type[av.FFmpegError], str] = {
    av.error.FileNotFoundError: "no such file",
    av.error.PermissionError: "permission denied",
    av.error.IsADirectoryError: "a folder, not a video",
    av.error.ConnectionRefusedError: "connection refused",
    av.error.ConnectionResetError: "the connection was cut",
    av.error.HTTPUnauthorizedError: (
        "the server wants a user name and a password, or others than those given"
    ),
    av.error.HTTPForbiddenError: "the server denies access (403)",
    av.error.HTTPNotFoundError: "the server does not have it (404)",
    av.error.ProtocolNotFoundError: "FFmpeg here does not speak this protocol",
    av.error.DecoderNotFoundError: "FFmpeg here has no decoder for it",
}

_NONSENSE = (
    av.error.ArgumentError,
    av.error.EOFError,
    av.error.FilterNotFoundError,
    av.error.InvalidDataError,
    av.error.MemoryError,  # for a size that is damaged
    av.error.PatchWelcomeError,
)


class SilentSourceError(SourceError, TimeoutError):
    """A peer that did not say a word for as long as was agreed."""


def source_error(
    source: Source, error: av.FFmpegError, *, timeout_s: float | None = None
) -> SourceError:
    """Say in one sentence why ``source`` failed.

    FFmpeg's own text is not used where it could hold the URL, and ``error`` loses its
    copy of it, so that a traceback may show it as the cause.

    Args:
        source: What was being opened or read.
        error: What FFmpeg said.
        timeout_s: How long the peer was silent, where that is the reason.
    """
    error.args = error.args[:2]  # number and text; then come the URL and a log line
    if timeout_s is not None:
        return SilentSourceError(f"{source}: no answer for {timeout_s:.1f} s")
    if error.errno == errno.EIO:
        reason = (
            "no answer that can be used, check the host, the port and the path"
            if source.is_network
            else "it cannot be read, or is damaged from its beginning"
        )
    elif source.format == "v4l2" and isinstance(error, av.error.FileNotFoundError):
        reason = f"no such camera ({source.url} is missing)"
    elif isinstance(error, _NONSENSE):
        reason = _why_invalid(source)
    else:
        texts = (text for kind, text in _REASONS.items() if isinstance(error, kind))
        reason = next(texts, str(error.strerror).lower())
    return SourceError(f"{source}: {reason}")


def _why_invalid(source: Source) -> str:
    if source.format == "lavfi":
        return "not a graph of filters that FFmpeg can make"
    if source.path is None:
        return "no video that FFmpeg can read"
    if source.path.stat().st_size == 0:
        return "the file is empty"
    if _is_unfinished_mp4(source.path):
        return "an MP4 without its index (moov): it was cut short, or never finished"
    return "not a video that FFmpeg can read, or damaged from its beginning"


def _is_unfinished_mp4(path: Path) -> bool:
    """Walk the boxes of an MP4 (ISO/IEC 14496-12, 4.2) and miss ``moov`` among them."""
    with path.open("rb") as file:
        is_mp4 = file.read(8)[4:] == b"ftyp"
        position = 0
        while is_mp4:
            file.seek(position)
            header = file.read(16)
            if header[4:8] == b"moov":
                return False
            size = int.from_bytes(header[:4], "big")
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            if len(header) < 8 or size < 8:  # the end, or a box that goes on to it
                return True
            position += size
    return False
