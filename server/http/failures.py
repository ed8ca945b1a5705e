"""Every failure is answered with one sentence, as ``{"error": "..."}``."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from maskstream.pipeline.errors import MaskStreamError
from maskstream.server.control import (
    StillEndingError,
    StreamExistsError,
    UnknownStreamError,
)
from maskstream.server.http.viewers import TooManyViewersError

__all__ = ["answer_failures", "failure"]

_logger = logging.getLogger(__name__)

_STATUS: dict[type[MaskStreamError], int] = {
    UnknownStreamError: 404,
    StreamExistsError: 409,
    StillEndingError: 503,
    TooManyViewersError: 503,
}
"""Of all others: 422, settings that cannot be used."""


def failure(status: int, sentence: str) -> JSONResponse:
    """Make an answer of a sentence."""
    return JSONResponse({"error": sentence}, status)


def answer_failures(app: FastAPI) -> None:
    """Have every exception of a route answered."""
    app.add_exception_handler(MaskStreamError, _answer_ours)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_unexpected)


def _answer_ours(_: Request, error: Exception) -> JSONResponse:
    statuses = (code for kind, code in _STATUS.items() if isinstance(error, kind))
    return failure(next(statuses, 422), str(error))


def _answer_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return failure(422, "; ".join(map(_explain, error.errors())))


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    sentence = str(error.detail)
    sentence = sentence[:1].lower() + sentence[1:]
    if error.status_code == 404:
        sentence = "nothing is here; /api tells what is where"
    elif error.status_code == 405:
        sentence = f"{request.method} cannot be done here"
    answer = failure(error.status_code, sentence)
    answer.headers.update(error.headers or {})
    return answer


def _answer_unexpected(_: Request, error: Exception) -> JSONResponse:
    # Starlette raises it again, and uvicorn logs it with its traceback.
    return failure(
        500, f"the daemon could not answer ({type(error).__name__}); its log says more"
    )


def _explain(problem: dict[str, Any]) -> str:
    """Say one of FastAPI's findings; what was given is not repeated."""
    if problem["type"] == "json_invalid":
        return "the body is not valid JSON"
    where = ".".join(str(part) for part in problem["loc"][1:])
    message = str(problem["msg"])
    message = message[:1].lower() + message[1:]
    return f"{where}: {message}" if where else message
