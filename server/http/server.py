"""The API on a thread of the daemon: an event loop of its own, and no signals."""

from __future__ import annotations

import logging
import os
import socket
from threading import Thread
from types import TracebackType
from typing import Self

import uvicorn
from prometheus_client import CollectorRegistry

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.http import HttpConfig
from maskstream.server.control import Control
from maskstream.server.http.app import Application
from maskstream.server.http.connection import BoundedConnection

__all__ = ["ApiServer"]

_logger = logging.getLogger(__name__)

_GRACE_S = 2
"""For answers under way; previews are ended at once."""
_STOP_DEADLINE_S = 10.0


class ApiServer:
    """Serves the API and the page from entering the context until leaving it.

    Args:
        control: What is asked.
        config: Where to listen, and whom to let in.
        classes: Of the network, for the page's colours.
        registry: Of the metrics.

    Raises:
        ConfigError: On entering: the address cannot be listened on.
    """

    def __init__(
        self,
        control: Control,
        config: HttpConfig,
        *,
        classes: ClassTable,
        registry: CollectorRegistry,
    ) -> None:
        self._config = config
        self._application = Application(control, config, classes, registry)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._application.asgi,
                http=BoundedConnection,
                ws="websockets-sansio",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                log_level="error",  # a stranger's garbage is no event of ours
                access_log=False,
                proxy_headers=False,  # who may be limited must not name himself
                server_header=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=_GRACE_S,
                ws_max_size=1024,  # nobody has anything to say there
                ws_per_message_deflate=False,  # pictures are compressed
                h11_max_incomplete_event_size=16 * 1024,
            )
        )
        self._thread = Thread(target=self._run, name="http", daemon=True)
        self.port = config.port
        """The port it listens on, once entered."""

    @property
    def url(self) -> str:
        """Where to look from this machine."""
        host = self._config.host
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def __enter__(self) -> Self:
        self._socket = self._listen()
        self.port = self._socket.getsockname()[1]
        # Connections wait in the socket's queue until the loop runs: no need to wait.
        self._thread.start()
        _logger.info("page and API at %s", self.url)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._application.close()
        self._thread.join(_STOP_DEADLINE_S)
        self._socket.close()
        if self._thread.is_alive():
            _logger.warning(
                "the API has not stopped within %g s and is left", _STOP_DEADLINE_S
            )

    def _listen(self) -> socket.socket:
        address = (self._config.host, self._config.port)
        is_ipv6 = ":" in self._config.host
        try:
            return socket.create_server(
                address,
                family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
                backlog=128,
                dualstack_ipv6=self._config.host == "::",
            )
        except OSError as error:
            reason = str(error.strerror)
            if not isinstance(error, socket.gaierror):
                reason = os.strerror(error.errno or 0)  # Python adds to its text
            raise ConfigError(
                f"http: {self._config.host} port {self._config.port} cannot be "
                f"listened on: {reason.lower()}"
            ) from None

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
