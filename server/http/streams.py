"""``/v1/streams``: list, add, change, pause, restart and remove."""

from __future__ import annotations

import logging
from threading import Lock
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Request, Response

from maskstream.server.control import Control
from maskstream.server.http.admission import admit_settings
from maskstream.server.http.answers import (
    NO_STREAM,
    Failure,
    Responses,
    StreamList,
    StreamView,
)
from maskstream.server.http.failures import failure
from maskstream.server.http.source_policy import SourcePolicy

__all__ = ["StreamId", "stream_routes"]

_logger = logging.getLogger(__name__)

_STILL_ENDING: Responses = {
    **NO_STREAM,
    503: {"model": Failure, "description": "It is to end, and has not yet."},
}

StreamId = Annotated[
    str,
    Path(
        description="The id of a stream: letters, digits, `.`, `_` and `-`.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
    ),
]
Settings = Annotated[
    dict[str, Any],
    Body(
        description="Settings of a stream, as in the configuration file.",
        openapi_examples={"camera": {"value": {"source": "rtsp://10.0.0.7/main"}}},
    ),
]


def stream_routes(
    control: Control, policy: SourcePolicy, max_streams: int
) -> APIRouter:
    """Make the routes of streams; functions that wait run on threads of the server."""
    routes = APIRouter(prefix="/v1/streams", tags=["streams"])
    adding = Lock()  # counts and adds at one time

    @routes.get("")
    def list_streams() -> StreamList:
        """List every stream as it is now."""
        return StreamList(streams=[StreamView.of(one) for one in control.statuses()])

    @routes.get("/{stream}", responses=NO_STREAM)
    def get_stream(stream: StreamId) -> StreamView:
        """Show one stream as it is now."""
        return StreamView.of(control.status(stream))

    @routes.put(
        "/{stream}",
        status_code=201,
        response_model=StreamView,
        responses={
            409: {"model": Failure, "description": "The id is taken."},
            503: {"model": Failure, "description": "There are too many streams."},
        },
    )
    def add_stream(
        stream: StreamId, settings: Settings, request: Request
    ) -> StreamView | Response:
        """Add a stream and start it; one that is there already is left as it is.

        The source must be one that `http.allowed_sources` allows. A camera that cannot
        be reached is no error: the stream waits for it.
        """
        admitted = admit_settings(settings, policy)
        with adding:
            if len(control.statuses()) >= max_streams:
                return failure(
                    503,
                    f"there are {max_streams} streams or more, and http.max_streams "
                    "lets no other be added",
                )
            control.add(stream, admitted)
        _note(request, stream, "added")
        return StreamView.of(control.status(stream))

    @routes.patch("/{stream}", responses=NO_STREAM)
    def change_stream(
        stream: StreamId, settings: Settings, request: Request
    ) -> StreamView:
        """Lay settings over those of a stream; it is built again where it must be."""
        control.change(stream, admit_settings(settings, policy))
        _note(request, stream, "changed")
        return StreamView.of(control.status(stream))

    @routes.delete("/{stream}", status_code=204, responses=_STILL_ENDING)
    def remove_stream(stream: StreamId, request: Request) -> Response:
        """End a stream, finish its files and forget it."""
        control.remove(stream)
        _note(request, stream, "removed")
        return Response(status_code=204)

    @routes.post("/{stream}/{action}", responses=_STILL_ENDING)
    def act_on_stream(
        stream: StreamId,
        action: Literal["pause", "resume", "restart"],
        request: Request,
    ) -> StreamView:
        """Pause a stream, go on with it, or build it again, also one given up."""
        getattr(control, action)(stream)
        _note(request, stream, f"asked to {action}")
        return StreamView.of(control.status(stream))

    return routes


def _note(request: Request, stream: str, what: str) -> None:
    client = request.client.host if request.client else "somebody"
    _logger.info("stream %s %s over HTTP by %s", stream, what, client)
