"""Where a stream comes from, and how hard to try to keep it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import av
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.config import Duration
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.live.backoff import Backoff
from maskstream.stages.live.decoder import LiveDecoder
from maskstream.stages.live.profiles import PROFILES
from maskstream.stages.live.source_url import split_source_url
from maskstream.stages.live.sources import live_source
from maskstream.stages.live.watch import NoWatch, SourceWatch
from maskstream.stages.nvdec import Nvdec, check_nvdec

__all__ = ["ReconnectConfig", "SourceConfig"]

_TRANSPORTS = ("tcp", "udp", "udp_multicast", "http", "https")  # rtsp.c


def _number_to_text(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


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
        "",
        repr=False,  # may hold a password
        description="What to watch: rtsp://, rtsps://, rtmp://, http(s)://, udp://, "
        "camera:0, synthetic+live: or loop:FILE. Each stream needs one of its own.",
    )
    profile: Literal[
        "auto", "rtsp-tcp", "rtsp-udp", "low-latency", "http-mjpeg", "broken-clock"
    ] = Field(
        "auto",
        description="How to read it: auto takes RTSP over TCP where it can, which "
        "loses nothing; low-latency holds nothing back and sorts nothing; broken-clock "
        "times frames by their arrival.",
    )
    options: dict[str, Annotated[str, BeforeValidator(_number_to_text)]] = Field(
        {}, description="FFmpeg's own options, over those of the profile."
    )
    reconnect: ReconnectConfig = ReconnectConfig()
    stall: Duration = Field(
        5.0,
        gt=0,
        description="Without a new frame for so long, and for five frame periods, the "
        "source is taken for lost. Longer outlasts a weak radio link.",
    )
    frozen: Duration | None = Field(
        60.0,
        gt=0,
        description="So long identical pictures are told and connected anew: cameras "
        "have noise. null for a scene that stands still, such as a screen.",
    )
    connect_timeout: Duration = Field(
        10.0, gt=0, description="Opening as a whole takes a slow camera five seconds."
    )
    decoder: Literal["auto", "software", "nvdec"] = Field(
        "auto",
        description="nvdec: on the CUDA device, which tells less of damaged pictures; "
        "what it does not take is decoded in software. auto: software.",
    )
    max_fps: float | None = Field(
        None, gt=0, description="Drop frames beyond this rate; null takes every frame."
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        location = url.removeprefix("loop:")
        if re.match(r"(?!file:)[a-z][a-z0-9+.-]*://", location, re.IGNORECASE):
            split_source_url(location)
        return url

    @field_validator("options")
    @classmethod
    def _check_options(cls, options: dict[str, str]) -> dict[str, str]:
        given = options.get("rtsp_transport", "tcp").split("+")
        if not set(given) <= set(_TRANSPORTS):
            raise ValueError(
                f"rtsp_transport is of {', '.join(_TRANSPORTS)}, got {'+'.join(given)}"
            )
        return options

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, given: Any) -> Any:
        return {"url": given} if isinstance(given, str) else given

    def live_decoder(
        self,
        stream: str,
        ledger: Ledger,
        clock: Clock,
        watch: SourceWatch | None = None,
    ) -> LiveDecoder:
        """Make what decodes the source; ``stream`` is its id.

        Raises:
            SourceError: The URL names nothing that is live.
        """
        return LiveDecoder(
            live_source(self.url),
            stream,
            ledger,
            clock,
            watch=watch or NoWatch(),
            profile=PROFILES[self.profile],
            options=self.options,
            backoff=Backoff(
                self.reconnect.initial, self.reconnect.max, self.reconnect.jitter
            ),
            stall_after_s=self.stall,
            frozen_after_s=self.frozen,
            open_timeout_s=self.connect_timeout,
            max_fps=self.max_fps,
            nvdec=Nvdec(stream) if self.decoder == "nvdec" else None,
        )

    def check(self) -> None:
        """See that it names something live, which need not be there yet.

        Raises:
            MaskStreamError: It does not.
        """
        source = live_source(self.url)
        if self.decoder == "nvdec":
            check_nvdec()
        if source.format == "lavfi":  # which is all here, so that it can be tried
            try:
                av.open(source.url, format="lavfi").close()
            except av.FFmpegError as error:
                raise ConfigError(
                    f"{source}: no picture comes of it ({error.strerror})"
                ) from None
