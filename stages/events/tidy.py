"""Keep a folder of clips and snapshots within its limit."""

from __future__ import annotations

import logging
import re
from pathlib import Path

__all__ = ["event_id", "tidy"]

_logger = logging.getLogger(__name__)

_OWN_NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z-.*-[0-9a-f]{6}(\.partial)?\.(mp4|jpg)")


def event_id(written_at: str, rule: str, random_hex: str) -> str:
    """Make an id that sorts by time: ``20261128T122421.123Z-RULE-a1b2c3``."""
    date, _, time = written_at.rstrip("Z").partition("T")
    return f"{date.replace('-', '')}T{time.replace(':', '')[:10]}Z-{rule}-{random_hex}"


def tidy(folder: Path, max_bytes: int) -> None:
    """Remove the oldest files of events until the rest take ``max_bytes`` at most."""
    try:
        files = sorted(
            (path for path in folder.iterdir() if _OWN_NAME.fullmatch(path.name)),
            reverse=True,
        )
        total = 0
        for path in files:
            total += path.stat().st_size
            if total > max_bytes:
                path.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        _logger.warning("%s cannot be tidied: %s", folder, reason)
