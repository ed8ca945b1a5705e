"""Pictures of a stream: a snapshot, MJPEG, and fragmented MP4 over a WebSocket."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response, WebSocket
from fastapi.responses import StreamingResponse

from maskstream.pipeline.errors import MaskStreamError
from maskstream.server.control import Control, UnknownStreamError
from maskstream.server.http.answers import NO_STREAM, Failure, Responses
from maskstream.server.http.failures import failure
from maskstream.server.http.sockets import send_until_left
from maskstream.server.http.streams import StreamId
from maskstream.server.http.viewers import Viewers, Viewing

__all__ = ["media_routes"]

_BOUNDARY = b"picture"
_MAX_AGE_S = 60.0
_NO_PICTURE: Responses = {
    503: {
        "model": Failure,
        "description": "There is no picture yet, or none of the last minute.",
    }
}
_BUSY: Responses = {
    503: {"model": Failure, "description": "Too many previews are watched."}
}


def media_routes(control: Control, viewers: Viewers) -> APIRouter:
    """Make the routes of pictures."""
    routes = APIRouter(prefix="/v1/streams/{stream}", tags=["pictures"])

    @routes.get(
        "/snapshot.jpg",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}, **NO_STREAM, **_NO_PICTURE},
    )
    def get_snapshot(
        stream: StreamId,
        masked: Annotated[bool, Query(description="With the classes painted.")] = True,
    ) -> Response:
        """Give the last finished frame as JPEG, its age in Last-Modified.

        One of more than a minute ago is not shown for what the camera sees.
        """
        taken_at = control.status(stream).last_frame_at
        age_s = 0.0 if taken_at is None else time.time() - taken_at
        if age_s > _MAX_AGE_S:
            return failure(503, f"stream {stream!r} has had no frame for {age_s:.0f} s")
        picture = control.snapshot(stream, masked=masked)
        if picture is None:
            return failure(503, f"stream {stream!r} has no picture yet")
        headers = {"Cache-Control": "no-store"}
        if taken_at is not None:
            headers["Last-Modified"] = formatdate(taken_at, usegmt=True)
        return Response(picture, media_type="image/jpeg", headers=headers)

    @routes.get(
        "/preview.mjpg",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"multipart/x-mixed-replace": {}}},
            **NO_STREAM,
            **_BUSY,
        },
    )
    async def get_mjpeg(stream: StreamId) -> Response:
        """Give JPEG after JPEG, which an `<img>` or a player shows."""
        viewing = await viewers.open(lambda: control.preview_jpegs(stream))
        return StreamingResponse(
            _parts(viewing),
            media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}",
        )

    @routes.websocket("/preview")
    async def preview(
        socket: WebSocket,
        stream: str,
        kind: Annotated[Literal["mp4", "jpeg"], Query(alias="format")] = "mp4",
    ) -> None:
        """Send an initialisation segment, then fragments; or JPEG after JPEG."""
        open_ = control.preview if kind == "mp4" else control.preview_jpegs
        try:
            viewing = await viewers.open(lambda: open_(stream))
        except MaskStreamError as error:
            status = 404 if isinstance(error, UnknownStreamError) else 503
            await socket.send_denial_response(failure(status, str(error)))
            return
        try:
            await socket.accept()
            await send_until_left(socket, viewing)
        finally:
            viewing.close()

    return routes


async def _parts(viewing: Viewing) -> AsyncIterator[bytes]:
    try:
        async for jpeg in viewing:
            yield b"--%b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (
                _BOUNDARY,
                len(jpeg),
            )
            yield jpeg + b"\r\n"
    finally:
        viewing.close()
