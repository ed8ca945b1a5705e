"""Live sources: opened, watched, and come back to whenever they are away."""

from __future__ import annotations

from maskstream.stages.live.backoff import Backoff
from maskstream.stages.live.decoder import LiveDecoder
from maskstream.stages.live.profiles import PROFILES, Profile
from maskstream.stages.live.reasons import Reason
from maskstream.stages.live.sources import live_source
from maskstream.stages.live.watch import NoWatch, SourceWatch

__all__ = [
    "PROFILES",
    "Backoff",
    "LiveDecoder",
    "NoWatch",
    "Profile",
    "Reason",
    "SourceWatch",
    "live_source",
]
