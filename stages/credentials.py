"""URLs as they may be shown: without the secrets in them."""

from __future__ import annotations

import re

__all__ = ["mask_credentials", "mask_in_text"]

_MASK = "***"
_USER_INFO = re.compile(
    r"(?P<scheme>^[a-z][a-z0-9+.-]*://)"
    r"(?:[^/?#]*@"  # up to the last @ of the host's part: a password may hold one
    r"|[^/?#:@]*:(?!\d+(?:[/?#]|$)).*@"  # what follows : is no port: it may hold / ? #
    r"|[^/?#:@]*:[^?#]*@)",  # it may be one: rather mask too much
    re.IGNORECASE,
)
_QUERY_VALUE = re.compile(r"(?<==)[^&;]+")
_PATH_VALUE = re.compile(
    r"(?P<name>(?:pass|pwd|token|key|secret|auth|sign?|user)\w*=)[^/&;?#]+",
    re.IGNORECASE,
)
_STREAM_KEY = re.compile(r"(?P<app>^rtmp[a-z]*://[^/]*/[^/]*/).+", re.IGNORECASE)

_ANYWHERE = re.compile(  # one slash too: that is what becomes of a URL taken for a path
    r"(?P<scheme>\b[a-z][a-z0-9+.-]{1,32}:/{1,2})"
    # Bounded: else what holds many schemes and no @ takes time by its square.
    r"[^\s/:@]{0,512}:(?!\d+/)[^\s@]{0,1024}@",
    re.IGNORECASE,
)


def mask_in_text(text: str) -> str:
    """Replace user and password of any URL within a sentence by ``***``."""
    return _ANYWHERE.sub(rf"\g<scheme>{_MASK}@", text)


def mask_credentials(url: str) -> str:
    """Replace what may be secret in a URL by ``***``; other text is left as it is.

    Secret are the user and the password, every value of the query, the fragment, the
    values of names like ``password`` or ``token`` in the path (some cameras want them
    there), and the stream key of RTMP.
    """
    if "://" not in url:
        return url
    url = _USER_INFO.sub(rf"\g<scheme>{_MASK}@", url)
    url, _, _ = url.partition("#")
    location, mark, query = url.partition("?")
    location = _STREAM_KEY.sub(rf"\g<app>{_MASK}", location)
    location = _PATH_VALUE.sub(rf"\g<name>{_MASK}", location)
    if "=" not in query:  # a query may be a token alone
        query = _MASK if query else ""
    return location + mark + _QUERY_VALUE.sub(_MASK, query)
