"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, sync_playwright

__all__ = ["Visit", "launch", "until", "visit"]

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--autoplay-policy=no-user-gesture-required"),
)


class Visit:
    """What a page has said and asked for while it was open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self._is_over = False
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda socket: self._note(socket.url))
        page.on("console", self._listen)

    def end(self) -> None:
        """Listen no more: a page that is closed complains of its sockets."""
        self._is_over = True

    def card(self, stream: str) -> Locator:
        """Find the card of a stream."""
        return self.page.locator(f"[data-stream='{stream}']")

    def played_s(self, stream: str) -> float:
        """Tell how far a stream's video has come; 0 where there is none."""
        video = self.card(stream).locator("video")
        times = video.evaluate_all("all => all.map(one => one.currentTime)")
        return float(times[0]) if times else 0.0

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not self._is_over:
            self.complaints.append(message.text)

    def _note(self, url: str) -> None:
        if not url.startswith(("blob:", "data:")):
            self.hosts.add(urlsplit(url).netloc)


@contextmanager
def launch() -> Iterator[Browser]:
    """Start the browser; where there is none, tests are skipped, in CI they fail."""
    if not Path(CHROMIUM).exists() and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, url: str, script: str = "") -> Iterator[Visit]:
    """Open a page, a script run before those of its own."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    if script:
        context.add_init_script(script)
    try:
        visit = Visit(context.new_page())
        visit.page.goto(url)
        yield visit
        visit.end()
    finally:
        context.close()


def until(is_so: Callable[[], bool]) -> None:
    """Wait until a page is so; the page's policy forbids Playwright's own way."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)
