"""Recordings of a stream: which there are, and one of them to play or to keep.

No path of a request meets the file system: a recording is asked for by the name that
the list gives it, and that name is looked up in the index.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from maskstream.pipeline.clock import utc_text
from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.recording import Kind
from maskstream.server.control import Control
from maskstream.server.http.answers import (
    NO_STREAM,
    Failure,
    RecordingList,
    RecordingView,
    Responses,
)
from maskstream.server.http.failures import failure
from maskstream.server.http.streams import StreamId
from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.index import Segment

__all__ = ["recording_routes"]

_MAX_READ = 20_000
"""Segments looked at for one answer: half a second of work."""
_MAX_DOWNLOADS = 16
"""At one time: each takes threads of the server by turns."""
_AHEAD_S = 86_400  # a camera's clock may be
_TICK_S = 1e-3  # to find what begins at a time that a float cannot hold
_EVER = datetime.fromtimestamp(0, UTC)

_NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}Z)\.[a-z]+\.[a-z0-9]+")
_TYPES = {
    ".jsonl": "application/x-ndjson",
    ".mkv": "video/x-matroska",
    ".mp4": "video/mp4",
}
_FILE: Responses = {
    200: {"content": {kind: {} for kind in _TYPES.values()}},
    206: {"description": "The part that `Range` asks for."},
    404: {"model": Failure, "description": "No stream or recording is called so."},
    416: {"description": "It has no such part."},
    503: {"model": Failure, "description": "Too many are being downloaded."},
}


def recording_routes(control: Control) -> APIRouter:
    """Make the routes of recordings."""
    routes = APIRouter(prefix="/v1/streams/{stream}/recordings", tags=["recordings"])
    places = asyncio.Semaphore(_MAX_DOWNLOADS)

    @routes.get("", responses=NO_STREAM)
    def list_recordings(
        stream: StreamId,
        since: Annotated[
            datetime,
            Query(description="Those that end later: RFC 3339, or seconds since 1970."),
        ] = _EVER,
        until: Annotated[
            datetime | None, Query(description="And that begin earlier.")
        ] = None,
        kind: Annotated[
            list[Kind] | None, Query(description="Of these kinds; none: of all.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        before: Annotated[
            str | None, Query(description="`next` of the page before.")
        ] = None,
    ) -> RecordingList:
        """List the finished files of a stream, newest first.

        The one that is being written comes when it is whole. Where `next` is not null
        there is more: ask with it as `before`. A page may hold fewer than `limit`.
        """
        archive = control.archive(stream)
        if archive is None:
            return RecordingList(recordings=[], next=None)
        end_s = time.time() + _AHEAD_S if until is None else _seconds(until)
        if before is not None:
            end_s = min(end_s, _start(before) + _TICK_S)
        segments = archive.segments(stream, _seconds(since), end_s, newest_first=True)
        return _page(segments, kind, limit, before)

    async def get_recording(stream: StreamId, name: str) -> Response:
        """Give one file, or the `Range` of it that is asked for."""
        path = await run_in_threadpool(_find, control.archive(stream), stream, name)
        if path is None:
            sentence = f"stream {stream!r} has no finished recording of that name"
            return failure(404, sentence)
        return _Download(path, f"{stream}.{name}", places)

    routes.get("/{name}", response_class=Response, responses=_FILE)(get_recording)
    routes.head("/{name}", include_in_schema=False)(get_recording)
    return routes


class _Download(FileResponse):
    chunk_size = 256 * 1024

    def __init__(self, path: Path, name: str, places: asyncio.Semaphore) -> None:
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        is_playable = path.suffix == ".mp4"  # all else a browser keeps
        super().__init__(
            path,
            media_type=kind,
            filename=name,
            content_disposition_type="inline" if is_playable else "attachment",
        )
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._places.locked():
            refusal = failure(503, f"{_MAX_DOWNLOADS} recordings are being downloaded")
            await refusal(scope, receive, send)
            return
        async with self._places:
            await super().__call__(scope, receive, send)


def _page(
    segments: Iterable[Segment],
    kinds: Collection[str] | None,
    limit: int,
    before: str | None,
) -> RecordingList:
    views: list[RecordingView] = []
    last = None
    for num_read, segment in enumerate(segments):
        if len(views) == limit or num_read == _MAX_READ:
            return RecordingList(recordings=views, next=last)
        name = _name(segment)
        if segment.end is None or (before is not None and name >= before):
            continue
        last = name
        if kinds is None or segment.kind in kinds:
            views.append(RecordingView.of(name, segment, segment.end))
    return RecordingList(recordings=views, next=None)


def _find(archive: Archive | None, stream: str, name: str) -> Path | None:
    """Find the file of a finished segment; None where the index has none."""
    if archive is None:
        return None
    start = _start(name)
    for segment in archive.segments(stream, start, start + _TICK_S):
        if segment.end is not None and _name(segment) == name:
            # Not what a link in the folder leads to.
            path = archive.path(segment).resolve()
            is_within = path.is_relative_to(archive.folder.resolve())
            return path if is_within and path.is_file() else None
    return None


def _name(segment: Segment) -> str:
    """Name a segment so that names are in the order of time and need no quoting."""
    start = utc_text(segment.start).replace(":", "-")
    return f"{start}.{segment.kind}{PurePosixPath(segment.file).suffix}"


def _start(name: str) -> float:
    """Read when a segment begins from its name."""
    match = _NAME.fullmatch(name)
    try:
        if match:
            return _seconds(datetime.strptime(match[1], "%Y-%m-%dT%H-%M-%S.%fZ"))
    except ValueError:
        pass
    raise ConfigError("a recording is asked for by a name that the list has given")


def _seconds(moment: datetime) -> float:
    """Tell a time since 1970; without a zone it is UTC, as everywhere."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
