"""The daemon's HTTP interface and its page."""

from __future__ import annotations

from maskstream.server.http.server import ApiServer

__all__ = ["ApiServer"]
