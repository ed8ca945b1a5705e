"""nginx as an RTMP server, as a child process."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import refusing_port

__all__ = ["rtmp_server"]

_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
_CONFIG = """
daemon off;
master_process off;
load_module {module};
error_log {folder}/error.log;
pid {folder}/pid;
events {{}}
rtmp {{ server {{
  listen 127.0.0.1:{port};
  application live {{ live on; }}
}} }}
"""


@contextmanager
def rtmp_server(folder: Path) -> Iterator[str]:
    """Relay what is published at the URL that is given."""
    if shutil.which("nginx") is None or not _MODULE.exists():
        missing = "nginx with its RTMP module is not installed, see .ci/run"
        assert not os.environ.get("CI"), missing
        pytest.skip(missing)
    port = refusing_port()
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(module=_MODULE, folder=folder, port=port))
    with subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)]) as server:
        try:
            _wait_for(port)
            yield f"rtmp://127.0.0.1:{port}/live/cam"
        finally:
            server.kill()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return
