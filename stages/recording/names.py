"""Names of segments: a pattern of stream and start, which no name may leave.

``{stream}/%Y-%m-%d/%H-%M-%S`` names what begins at noon ``cam/2026-11-28/12-00-00``.
Times are UTC, always: an hour of autumn that local time has twice would give two
segments one name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from maskstream.pipeline.errors import ConfigError

__all__ = ["DAY_S", "SegmentNames", "check_stream_name"]

DAY_S = 86_400
_FIELDS = frozenset("YmdHMSj")
_TOKEN = re.compile(r"\{[^}]*\}?|\}|%.?|[^{}%]+", re.DOTALL)
_STREAM = re.compile(r"[^\W.][\w.-]*")  # also the name of a folder, and never hidden
_MONDAY = datetime(2001, 1, 1, tzinfo=UTC).timestamp()
_LATER_S = (1, 60, 3600, 12 * 3600, DAY_S, 7 * DAY_S, 31 * DAY_S, 365 * DAY_S)


@dataclass(frozen=True, slots=True)
class SegmentNames:
    """Names segments of ``length_s`` by ``pattern``, which is checked.

    Raises:
        ConfigError: Names would leave the folder, be hidden, or come twice.
    """

    pattern: str = "{stream}/%Y-%m-%d/%H-%M-%S"
    """``{stream}`` and the fields %Y %m %d %H %M %S %j of the start, without suffix."""
    length_s: float = 300

    def __post_init__(self) -> None:
        if not 1 <= self.length_s <= DAY_S or DAY_S % self.length_s:
            raise ConfigError(
                "segments must last from 1 s to a day and divide the day evenly "
                f"(10s, 1m, 5m, 1h, ...), got {self.length_s:g} s"
            )
        _check_tokens(self.pattern)
        _check_parts(self.name("stream", _MONDAY), self.pattern)
        for later_s in _LATER_S:
            if later_s >= self.length_s and self._comes_twice(later_s):
                raise ConfigError(
                    f"{self.pattern}: a segment would be called as one that began "
                    f"{later_s:g} s before; %Y-%m-%d_%H-%M-%S tells all apart"
                )

    def name(self, stream: str, start: float) -> PurePosixPath:
        """Name what begins at ``start``, in seconds since 1970."""
        check_stream_name(stream)
        moment = datetime.fromtimestamp(start, UTC)
        named = (
            moment.strftime(token)
            if token.startswith("%")
            else token.replace("{stream}", stream)
            for token in _TOKEN.findall(self.pattern)
        )
        return PurePosixPath("".join(named))

    def number(self, captured_at: float) -> int:
        """Tell in which of the day's equal parts, counted since 1970, a time lies."""
        return int(captured_at // self.length_s)

    def _comes_twice(self, later_s: float) -> bool:
        first, second = (self.name("s", _MONDAY + s) for s in (0, later_s))
        return first == second


def check_stream_name(stream: str) -> None:
    """Check that a stream's id can be part of a file's name.

    Raises:
        ConfigError: It cannot.
    """
    if not _STREAM.fullmatch(stream):
        raise ConfigError(
            "the id of a stream that is recorded must be of letters, digits, "
            f"'_', '-' and '.', and not begin with '.' or '-', got {stream!r}"
        )


def _check_tokens(pattern: str) -> None:
    tokens = _TOKEN.findall(pattern)
    for token in tokens:
        if token.startswith("%") and token[1:] not in _FIELDS:
            raise ConfigError(
                f"{pattern}: {token} is not a field of a segment's name; "
                "%Y, %m, %d, %H, %M, %S and %j are"
            )
        if token[0] in "{}" and token != "{stream}":
            raise ConfigError(
                f"{pattern}: {token} is not a field of a segment's name; {{stream}} is"
            )
        if re.search(r"[\x00-\x1f\\]", token):
            raise ConfigError(f"{pattern!r}: a name is plain text, with / for folders")
    if "{stream}" not in tokens:
        raise ConfigError(
            f"{pattern}: {{stream}} must be part of it, or streams would take each "
            "other's names"
        )


def _check_parts(name: PurePosixPath, pattern: str) -> None:
    if name.is_absolute():
        raise ConfigError(f"{pattern}: a segment's name must not begin with /")
    if pattern.endswith("/"):
        raise ConfigError(f"{pattern}: a segment's name must not end with /")
    if any(part.startswith(".") for part in name.parts):
        raise ConfigError(
            f"{pattern}: no part of a segment's name may begin with a full stop"
        )
    if any(len(part.encode()) > 150 for part in name.parts):
        raise ConfigError(f"{pattern}: a part of this name is longer than 150 bytes")
