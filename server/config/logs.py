"""How the daemon logs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from maskstream.server.logs import LogFormat, LogLevel

__all__ = ["LogConfig"]


class LogConfig(BaseModel):
    """One line an event, to stderr."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: LogFormat = Field(
        "text", description="For people; json for what collects logs."
    )
    level: LogLevel = Field(
        "info",
        description="Says when something changes; a frame is never an event. The API "
        "changes it until the next start.",
    )
