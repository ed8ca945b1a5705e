"""A proxy between a camera and who watches it, which can do what networks do."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

__all__ = ["Proxy", "proxy", "server_tls"]


class Proxy:
    """Forwards what both sides say, unless told otherwise."""

    def __init__(
        self,
        target: int,
        tls: ssl.SSLContext | None = None,
        alter: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._target = target
        self._tls = tls
        self._alter = alter
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flows = Event()
        self._flows.set()
        self._sockets: list[socket.socket] = []
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def hold(self) -> None:
        """Forward nothing more, of calls that are and that come; nobody is told."""
        self._flows.clear()

    def cut(self) -> None:
        """Break every connection, as a reset does."""
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        """Forget the calls that were held, and forward those that come."""
        self.cut()
        self._flows.set()

    def close(self) -> None:
        """End everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._flows.set()
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        for end in (self._listener, *self._sockets):
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            thread = Thread(target=self._serve, args=(caller,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, caller: socket.socket) -> None:
        self._sockets.append(caller)
        try:
            if self._tls is not None:
                caller = self._tls.wrap_socket(caller, server_side=True)
                self._sockets.append(caller)
            camera = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            caller.close()
            return
        self._sockets.append(camera)
        back = Thread(target=self._pump, args=(camera, caller, self._alter))
        back.start()
        self._pump(caller, camera)
        back.join()

    def _pump(
        self,
        source: socket.socket,
        target: socket.socket,
        alter: Callable[[bytes], bytes] = bytes,
    ) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                self._flows.wait()
                target.sendall(alter(content))
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(
    target: int,
    tls: ssl.SSLContext | None = None,
    alter: Callable[[bytes], bytes] = bytes,
) -> Iterator[Proxy]:
    """Put a proxy before a port of this machine; ``alter`` changes what it says."""
    made = Proxy(target, tls, alter)
    try:
        yield made
    finally:
        made.close()


def server_tls(folder: Path) -> ssl.SSLContext:
    """Make a certificate that nobody trusts, for a server."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    subprocess.run(
        [*request, "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
