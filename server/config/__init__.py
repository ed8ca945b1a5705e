"""What can be set of the daemon, with the reason for each default."""

from __future__ import annotations

__all__: list[str] = []
