"""Where a stream comes from, and how hard to try to keep it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from maskstream.pipeline.config import Duration

__all__ = ["ReconnectConfig", "SourceConfig"]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReconnectConfig(_Config):
    """How long to wait between attempts to reach a source that is away."""

    initial: Duration = Field(
        1.0, gt=0, description="A camera that lost one connection takes the next."
    )
    max: Duration = Field(
        30.0,
        gt=0,
        description="The wait doubles up to this; up to 3 s where the source was up in "
        "the last ten minutes, unless it refuses the password.",
    )
    jitter: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Share of the wait that is left to chance, so that cameras behind "
        "one switch do not all come back at once.",
    )


class SourceConfig(_Config):
    """A live source; given as a plain string, it is the URL."""

    url: str = Field(
        repr=False,  # may hold a password
        description="What to watch: rtsp://, rtsps://, rtmp://, http(s)://, udp://, "
        "camera:0 or synthetic+live:.",
    )
    reconnect: ReconnectConfig = ReconnectConfig()
    stall: Duration = Field(
        5.0,
        gt=0,
        description="Without a new frame for so long, and for five frame periods, the "
        "source is taken for lost. Longer outlasts a weak radio link.",
    )
    connect_timeout: Duration = Field(
        10.0, gt=0, description="Opening as a whole takes a slow camera five seconds."
    )
    max_fps: float | None = Field(
        None, gt=0, description="Drop frames beyond this rate; null takes every frame."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, given: Any) -> Any:
        return {"url": given} if isinstance(given, str) else given
