"""Weights by where they are: a name, a path, an https URL, or a file on a hub.

fcn8s-lite0                   embedded in the package
runs/7/best.safetensors       a file of this machine
https://HOST/PATH             fetched once and kept; #sha256=HEX at its end is checked
hf:OWNER/REPO/FILE            from the Hugging Face hub; @REVISION at its end is kept to
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import SplitResult, urlsplit

from maskstream.pipeline.errors import ModelError

__all__ = ["cache_dir", "fetch", "locate_weights"]

_TIMEOUT_S = 30
_CHUNK = 1 << 20
_MAX_BYTES = 4 << 30
_HUB = "hf:"
_HUB_FILE = re.compile(r"hf:([\w.-]+/[\w.-]+)/([^@]+)(?:@(.+))?")


def locate_weights(given: str) -> str | Path:
    """Fetch weights that are elsewhere; a name or a path is returned as it is.

    Raises:
        ModelError: they cannot be fetched, or are not those that were asked for.
    """
    if given.startswith(_HUB):
        return _fetch_from_hub(given)
    parts = urlsplit(given)
    if parts.scheme == "https" and parts.hostname:
        return fetch(parts)
    if "://" in given:
        raise ModelError(
            f"{parts.scheme}: weights are fetched from https or hf: alone, so that "
            "nobody can change them on the way"
        )
    return given


def cache_dir() -> Path:
    """Return the folder of weights that were fetched."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "maskstream" / "weights"


def fetch(url: SplitResult) -> Path:
    """Fetch a file once; what is kept goes by its URL, and is not asked for again.

    Raises:
        ModelError: it cannot be fetched whole, or its SHA-256 is another.
    """
    shown = f"{url.scheme}://{url.hostname}{url.path}"  # neither password nor query
    if "@" in url.netloc:
        raise ModelError(
            f"{shown}: no password is sent; fetch the file by other means and give its "
            "path"
        )
    location = url._replace(fragment="").geturl()
    digest = hashlib.sha256(location.encode()).hexdigest()[:16]
    path = cache_dir() / f"{digest}-{Path(url.path).name}"
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(
                f"{path.parent}: the folder of fetched weights cannot be made: "
                f"{(error.strerror or str(error)).lower()}; XDG_CACHE_HOME moves it"
            ) from error
        try:
            _download(location, path)
        except (OSError, HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            reason = getattr(error, "reason", None) or error
            raise ModelError(f"{shown}: cannot be fetched: {reason}") from error
    wanted = url.fragment.partition("sha256=")[2].lower()
    if wanted and _digest(path) != wanted:
        found = _digest(path)
        path.unlink()
        raise ModelError(f"{shown}: its SHA-256 is {found}, and {wanted} was asked for")
    return path


def _download(url: str, path: Path) -> None:
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _HttpsOnly(),
    )
    with (
        opener.open(url, timeout=_TIMEOUT_S) as answer,
        NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part,
    ):
        try:
            num_bytes = 0
            while chunk := answer.read(_CHUNK):
                num_bytes += len(chunk)
                if num_bytes > _MAX_BYTES:
                    raise OSError(f"it is larger than {_MAX_BYTES >> 30} GiB")
                part.write(chunk)
            promised = answer.headers.get("Content-Length")
            if promised is not None and int(promised) != num_bytes:
                raise OSError(f"it ended after {num_bytes} of {promised} bytes")
            Path(part.name).replace(path)
        finally:
            Path(part.name).unlink(missing_ok=True)


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows no redirect that leaves https."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        """Refuse what anybody on the way could change."""
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise urllib.error.URLError("it redirects to an address without https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch_from_hub(given: str) -> Path:
    match = _HUB_FILE.fullmatch(given)
    if match is None:
        raise ModelError(
            f"{given}: want hf:OWNER/REPO/FILE, with @REVISION if you like"
        )
    repo, file, revision = match.groups()
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise ModelError(
            f'{given}: needs huggingface_hub; pip install "maskstream[hub]" brings it'
        ) from error
    # It tells of every attempt; how the last one ended is told below.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return Path(hf_hub_download(repo, file, revision=revision))
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f"{given}: the hub does not answer, and no copy was fetched before"
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{given}: cannot be fetched: {reason}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
