"""Why a live source is away, as one word for metrics and one sentence for people."""

from __future__ import annotations

import errno
from enum import StrEnum

import av

from maskstream.pipeline.errors import SourceError

__all__ = ["Reason", "reason_of"]


class Reason(StrEnum):
    """Why a source is away; what to do about each is in docs/sources.md."""

    AUTH = "auth"  # it wants a password, or another, or denies access
    NOT_FOUND = "not_found"  # the server is there, the stream is not
    REFUSED = "refused"  # nobody listens at the port
    TIMEOUT = "timeout"  # no answer while connecting
    NETWORK = "network"  # no such host, no route, or the connection broke
    TLS = "tls"  # no encryption that both accept
    SERVER = "server"  # the server answers that it has an error of its own
    EOF = "eof"  # the source ended, as one that is killed or switched off does
    STALLED = "stalled"  # connected, and no new frame comes
    FROZEN = "frozen"  # frames come, and all show the same
    CODEC = "codec"  # no video, or none that can be decoded here
    CORRUPT = "corrupt"  # too much damage in a row
    OTHER = "other"


_BY_KIND: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Reason], ...] = (
    ((av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError), Reason.AUTH),
    ((av.error.HTTPNotFoundError, av.error.FileNotFoundError), Reason.NOT_FOUND),
    (av.error.HTTPError, Reason.SERVER),
    (av.error.ConnectionRefusedError, Reason.REFUSED),
    (
        (
            av.error.ConnectionResetError,
            av.error.ConnectionAbortedError,
            av.error.BrokenPipeError,
            av.error.EOFError,  # while opening: the server hung up
        ),
        Reason.NETWORK,
    ),
    (av.error.PermissionError, Reason.AUTH),
    (
        (
            av.error.InvalidDataError,
            av.error.LookupError,
            av.error.PatchWelcomeError,
        ),
        Reason.CODEC,
    ),
)
_NETWORK_ERRNOS = {
    errno.EIO,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ENOTCONN,
}


def reason_of(error: SourceError) -> Reason:
    """Tell why a source could not be opened or read on, by what FFmpeg raised."""
    if isinstance(error, TimeoutError):
        return Reason.TIMEOUT
    cause = error.__cause__
    if cause is None:  # it was opened, and holds no video
        return Reason.CODEC
    for kinds, reason in _BY_KIND:
        if isinstance(cause, kinds):
            return reason
    if isinstance(cause, OSError | av.FFmpegError) and cause.errno in _NETWORK_ERRNOS:
        return Reason.NETWORK
    return Reason.OTHER
