"""The daemon: many live streams through one network, unattended."""

from __future__ import annotations

__all__: list[str] = []
