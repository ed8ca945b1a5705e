"""The gate before every route: refusals, headers for browsers, bodies that are bounded.

Plain ASGI, so that streams and WebSockets pass through it as they are.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maskstream.server.http.guard import Guard, Refusal

__all__ = ["MAX_BODY_BYTES", "Gate"]

MAX_BODY_BYTES = 64 * 1024
"""The settings of one stream have a few hundred."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """Lets through what the guard admits."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        if refusal := self._guard.refuse(scope):
            await _refuse(refusal, scope, receive, send)
            return
        if scope["type"] == "http":
            try:
                body = await _read_body(scope, receive)
            except _TooLargeError:
                refusal = Refusal(413, f"a body has at most {MAX_BODY_BYTES} bytes")
                await _refuse(refusal, scope, receive, send)
                return
            if body is None:
                return
            await self._answer(scope, _replay(body, receive), send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except asyncio.CancelledError:  # what was asked for takes longer than the end
            if has_begun:
                raise
            refusal = Refusal(503, "the daemon is stopping")
            await _refuse(refusal, scope, receive, send)


class _TooLargeError(Exception):
    """More than `MAX_BODY_BYTES`."""


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    # Of a WebSocket too, which is denied with this answer.
    answer = JSONResponse(
        {"error": refusal.sentence}, refusal.status, headers=refusal.headers
    )
    await answer(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"].endswith(".response.start"):
            headers = MutableHeaders(scope=message)
            for name, text in _HEADERS.items():
                headers.setdefault(name, text)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers


async def _read_body(scope: Scope, receive: Receive) -> bytes | None:
    """Read the whole body; None when the client has left before its end."""
    stated = dict(scope["headers"]).get(b"content-length", b"0")
    if int(stated) > MAX_BODY_BYTES:
        raise _TooLargeError
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise _TooLargeError
        if not message.get("more_body"):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again
