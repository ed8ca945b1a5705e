"""Those who watch: previews that block, on threads, for an event loop that must not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Lock

from maskstream.pipeline.errors import MaskStreamError

__all__ = ["OpenPreview", "TooManyViewersError", "Viewers", "Viewing"]

OpenPreview = Callable[[], AbstractContextManager[Iterator[bytes]]]


class TooManyViewersError(MaskStreamError):
    """Every place is taken."""


class Viewers:
    """Places for those who watch, a thread each. For the thread of the event loop."""

    def __init__(self, max_viewers: int) -> None:
        self._max_viewers = max_viewers
        self._pool = ThreadPoolExecutor(max(1, max_viewers), "viewer")
        self._viewings: set[Viewing] = set()

    async def open(self, open_preview: OpenPreview) -> Viewing:
        """Begin to watch; raises what ``open_preview`` raises.

        Raises:
            TooManyViewersError: Every place is taken.
        """
        if len(self._viewings) >= self._max_viewers:
            raise TooManyViewersError(
                f"{self._max_viewers} previews are being watched, which is the most "
                "that http.max_viewers lets be"
            )
        viewing = Viewing(open_preview, self._pool, self._viewings.discard)
        self._viewings.add(viewing)
        try:
            await viewing.enter()
        except BaseException:
            viewing.close()
            raise
        return viewing

    def close(self) -> None:
        """End every preview, and take no more viewers."""
        self._max_viewers = 0
        for viewing in tuple(self._viewings):
            viewing.close()
        self._pool.shutdown(wait=False)


class Viewing:
    """What one viewer is given; `close` it, whatever has happened."""

    def __init__(
        self,
        open_preview: OpenPreview,
        pool: ThreadPoolExecutor,
        on_left: Callable[[Viewing], None],
    ) -> None:
        self._open_preview = open_preview
        self._pool = pool
        self._on_left = on_left
        self._loop = asyncio.get_running_loop()
        self._pieces: Iterator[bytes] = iter(())
        self._lock = Lock()  # guards the fields below: both threads may be at the door
        self._context: AbstractContextManager[Iterator[bytes]] | None = None
        self._is_closed = False

    async def enter(self) -> None:
        """Open the preview."""
        await self._loop.run_in_executor(self._pool, self._enter)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give piece after piece, until the stream ends or this is closed."""
        while not self._is_closed:
            piece = await self._loop.run_in_executor(
                self._pool, next, self._pieces, None
            )
            if piece is None:
                return
            yield piece

    def close(self) -> None:
        """Leave, without waiting; the place is free when the preview has let go."""
        leaving = self._loop.run_in_executor(None, self._leave)
        leaving.add_done_callback(lambda _: self._on_left(self))

    def _enter(self) -> None:
        context = self._open_preview()
        pieces = context.__enter__()
        with self._lock:
            if not self._is_closed:
                self._context, self._pieces = context, pieces
                return
        context.__exit__(None, None, None)

    def _leave(self) -> None:
        with self._lock:
            context, self._context = self._context, None
            self._is_closed = True
        if context is not None:
            context.__exit__(None, None, None)
