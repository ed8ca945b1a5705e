"""Live sources: connect, watch, come back."""

from __future__ import annotations

__all__: list[str] = []
