"""What can be set of the HTTP interface: where it listens, who may ask, what for."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

__all__ = ["AllowedSources", "HttpConfig", "SourceProtocol", "is_loopback"]

MIN_TOKEN_LENGTH = 16

SourceProtocol = Literal["rtsp", "rtsps", "rtmp", "rtmps", "http", "https"]


def is_loopback(host: str) -> bool:
    """Whether ``host`` is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"a port is needed, got {str(value).lower()}")
    return value


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AllowedSources(_Config):
    """What a source that is added over HTTP may be; the file may name anything."""

    protocols: tuple[SourceProtocol, ...] = Field(
        ("rtsp", "rtsps", "rtmp", "http", "https"),
        description="What cameras speak. Files, devices and test pictures cannot be "
        "added over HTTP: a token for the page is none for the machine.",
    )
    hosts: tuple[str, ...] = Field(
        ("*",),
        description="Names with * and ?, addresses and networks (10.0.0.0/8). A star "
        "takes in every camera, but not this machine and link-local addresses, where "
        "clouds keep their secrets: these have to be named. So has a server whose "
        "redirects and playlists are to be followed.",
    )

    @field_validator("hosts")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if "/" in host:
                try:
                    ipaddress.ip_network(host, strict=False)
                except ValueError:
                    raise ValueError(
                        f"a network such as 10.0.0.0/8 is needed, got {host!r}"
                    ) from None
        return hosts


class HttpConfig(_Config):
    """The API, the live page and the metrics."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Loopback: nobody outside this machine is let in by default. "
        "0.0.0.0 or :: listens everywhere and wants a token.",
    )
    port: Annotated[int, BeforeValidator(_refuse_bool)] = Field(
        8080, ge=0, le=65535, description="0 takes any port that is free."
    )
    token: SecretStr | None = Field(
        None,
        description="Who asks from beyond loopback must know it. Give it as "
        "${MASKSTREAM_TOKEN}; `openssl rand -hex 24` makes one.",
    )
    names: tuple[str, ...] = Field(
        (),
        description="Host names by which browsers reach the page through a proxy. "
        "Others are refused on loopback, as a foreign page could have made them up.",
    )
    open_metrics: bool = Field(
        False,
        description="Give /metrics without the token, for a Prometheus that has none.",
    )
    allowed_sources: AllowedSources = AllowedSources()
    max_streams: int = Field(
        100,
        ge=0,
        description="Where there are so many, however they came, none is added over "
        "HTTP: each takes some threads, and who has the token is not to take them all.",
    )
    requests_per_s: float = Field(
        20,
        gt=0,
        description="For each client, with five seconds' worth at once: a page needs "
        "few, and who tries passwords wants many.",
    )
    max_viewers: int = Field(
        32,
        ge=0,
        le=256,
        description="Previews at one time, a thread each; 50 streams on one page are "
        "seldom all in sight.",
    )

    @model_validator(mode="after")
    def _check_token(self) -> HttpConfig:
        if self.token is not None:
            token = self.token.get_secret_value()
            if len(token) < MIN_TOKEN_LENGTH or not token.isascii() or " " in token:
                raise ValueError(
                    f"token must have at least {MIN_TOKEN_LENGTH} ASCII characters "
                    "without spaces, as `openssl rand -hex 24` makes them"
                )
        elif not is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} is reached from other machines, so a token is "
                "needed; or listen on 127.0.0.1"
            )
        return self
