"""``/v1/session``: a browser's cookie for the token."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from maskstream.server.http.failures import failure
from maskstream.server.http.tokens import COOKIE, SESSION_S, Tokens

__all__ = ["session_routes"]


class GivenToken(BaseModel):
    """The token, as a person has typed it."""

    token: str = Field(max_length=1024)


class Session(BaseModel):
    """What stands between a client and the API."""

    is_needed: bool = Field(description="The daemon has a token.")
    is_open: bool = Field(description="This client may ask.")


def session_routes(tokens: Tokens | None) -> APIRouter:
    """Make the routes by which a browser gets and gives back its cookie."""
    routes = APIRouter(prefix="/v1/session", tags=["session"])

    @routes.get("")
    def get_session(request: Request) -> Session:
        """Tell whether a token is needed, and whether this client has shown it."""
        headers = request.headers
        is_open = tokens is None or tokens.admits(
            headers.get("authorization", ""), headers.get("cookie", "")
        )
        return Session(is_needed=tokens is not None, is_open=is_open)

    @routes.post("", status_code=204)
    def begin_session(given: GivenToken, request: Request) -> Response:
        """Exchange the token for a cookie that scripts cannot read."""
        answer = Response(status_code=204)
        if tokens is None:
            return answer  # none is needed
        if not tokens.is_token(given.token.strip()):
            return failure(401, "this is not the token")
        proxied = request.headers.get("x-forwarded-proto", "http")
        answer.set_cookie(
            COOKIE,
            tokens.new_session(),
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure="https" in (proxied, request.url.scheme),
        )
        return answer

    @routes.delete("", status_code=204)
    def end_session() -> Response:
        """Take the cookie back."""
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    return routes
