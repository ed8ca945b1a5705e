"""WebSockets that only send: what the other side says is not listened to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable

from fastapi import WebSocket, WebSocketDisconnect

__all__ = ["send_until_left"]


async def send_until_left(
    socket: WebSocket, pieces: AsyncIterable[bytes | str]
) -> None:
    """Send ``pieces`` until they end or the other side has left."""
    sending = asyncio.create_task(_send(socket, pieces))
    leaving = asyncio.create_task(_wait_for_leave(socket))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        leaving.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send(socket: WebSocket, pieces: AsyncIterable[bytes | str]) -> None:
    try:
        async for piece in pieces:
            if isinstance(piece, str):
                await socket.send_text(piece)
            else:
                await socket.send_bytes(piece)
        await socket.close()
    except WebSocketDisconnect:
        pass


async def _wait_for_leave(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
