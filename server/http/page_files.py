"""The page's files, read once: no path of a request ever meets the file system."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from maskstream.server.http.failures import failure

__all__ = ["page_routes"]

_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def page_routes() -> APIRouter:
    """Make the routes of the page, of the API's description and of their parts."""
    routes = APIRouter(include_in_schema=False)
    kept = {
        file.name: file.read_bytes()
        for file in (files("maskstream.server.http") / "page").iterdir()
        if file.name[file.name.rfind(".") :] in _TYPES
    }

    def answer(request: Request, name: str) -> Response:
        content = kept.get(name)
        if content is None:
            return failure(404, "the page has no such file")
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        kind = _TYPES[name[name.rfind(".") :]]
        return Response(content, media_type=kind, headers=headers)

    @routes.get("/")
    async def page(request: Request) -> Response:
        return answer(request, "index.html")

    @routes.get("/api")
    async def description(request: Request) -> Response:
        return answer(request, "api.html")

    @routes.get("/static/{name}")
    async def part(request: Request, name: str) -> Response:
        return answer(request, name)

    return routes
