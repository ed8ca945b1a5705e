"""Events by HTTP: each is POSTed as JSON, signed where a secret is given."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.events.delivery import NotNowError, RefusedError

__all__ = ["SIGNATURE", "Webhook"]

SIGNATURE = "X-MaskStream-Signature"
_LATER = (408, 425, 429)  # refusals of this moment, not of the message


@dataclass(frozen=True, slots=True)
class Webhook:
    """POSTs a message; 2xx takes it, other 4xx and 3xx refuse it, all else is tried on.

    Raises:
        ConfigError: The URL is not one of HTTP, or httpx is not installed.
    """

    name: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    """Signs the body: ``sha256=`` and the HMAC-SHA256 in hexadecimal digits."""
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        httpx = _httpx()
        try:
            url, port = httpx.URL(self.url), urlsplit(self.url).port
        except (httpx.InvalidURL, ValueError):
            url, port = httpx.URL(""), None
        if url.scheme not in ("http", "https") or not url.host or port == 0:
            raise ConfigError(f"{self.name}: a webhook needs an http or https URL")

    @contextmanager
    def open(self) -> Iterator[Callable[[bytes], None]]:
        """Keep a connection, and give what posts a message."""
        httpx = _httpx()
        timeout = httpx.Timeout(self.timeout_s, connect=min(5.0, self.timeout_s))
        with httpx.Client(timeout=timeout, follow_redirects=False) as client:

            def post(body: bytes) -> None:
                try:
                    status, wait = self._post(client, body)
                except httpx.HTTPError as error:
                    # Its own words may hold the URL.
                    raise NotNowError(
                        f"{self._shown} did not answer: {type(error).__name__}"
                    ) from None
                if 200 <= status < 300:
                    return
                sentence = f"{self._shown} answered {status}"
                if status >= 500 or status in _LATER:
                    raise NotNowError(sentence, _seconds(wait))
                raise RefusedError(f"{sentence}, which is not tried again")

            yield post

    def _post(self, client: Any, body: bytes) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "maskstream"}
        if self.secret is not None:
            digest = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
            headers[SIGNATURE] = f"sha256={digest}"
        # Streamed, so that what somebody answers at length is not read.
        with client.stream("POST", self.url, content=body, headers=headers) as answer:
            return answer.status_code, answer.headers.get("Retry-After", "")

    @property
    def _shown(self) -> str:
        """The URL as it may be shown: of many a hook the path is the secret."""
        parts = urlsplit(self.url)
        port = "" if parts.port is None else f":{parts.port}"
        return f"{parts.scheme}://{parts.hostname}{port}"


def _httpx() -> Any:
    try:
        httpx = importlib.import_module("httpx")
    except ImportError as error:
        raise ConfigError(
            "webhooks need httpx, which is not installed; "
            "pip install 'maskstream[server]' installs it"
        ) from error
    for name in ("httpx", "httpcore"):  # they log every URL, secrets and all
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isdecimal() else 0.0
