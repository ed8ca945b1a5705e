"""Connections that nobody can keep for nothing."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["BoundedConnection"]

_MAX_CONNECTIONS = 512
_MAX_OF_ONE = 384
"""Of one address, which may be a proxy: others must find a place all the same."""
_REQUEST_DEADLINE_S = 10.0
_UNREAD_DEADLINE_S = 20


class BoundedConnection(H11Protocol):
    """uvicorn's connection, with an end for who sends, reads or does nothing.

    uvicorn itself waits for ever for the rest of a request, and for a client that does
    not read.
    """

    request_deadline_s = _REQUEST_DEADLINE_S
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        if self._is_one_too_many():
            transport.abort()
            return
        connection = transport.get_extra_info("socket")
        connection.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_DEADLINE_S * 1000
        )
        self._watch()

    def _is_one_too_many(self) -> bool:
        # WebSockets are among them, under another protocol.
        clients = [getattr(one, "client", None) for one in self.connections]
        host = self.client[0] if self.client else ""
        num_same = sum(client is not None and client[0] == host for client in clients)
        return len(clients) > _MAX_CONNECTIONS or num_same > _MAX_OF_ONE

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._stop_watching()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Give a request that has begun, or should, some seconds to be whole."""
        is_whole = self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        if is_whole or self.transport.get_protocol() is not self:  # a WebSocket now
            self._stop_watching()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(
                self.request_deadline_s, self.transport.abort
            )

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
