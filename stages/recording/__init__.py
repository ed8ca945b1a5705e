"""Recordings: segments by the clock, their index, what is kept and for how long."""

from __future__ import annotations

__all__: list[str] = []
