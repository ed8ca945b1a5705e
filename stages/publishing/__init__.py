"""Live outputs: republishing to servers, and previews for browsers."""

from __future__ import annotations

__all__: list[str] = []
