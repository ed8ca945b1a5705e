"""The daemon's HTTP interface and its page."""

from __future__ import annotations

__all__: list[str] = []
