"""Events: rules over what is seen, and whom they are told to."""

from __future__ import annotations

__all__: list[str] = []
