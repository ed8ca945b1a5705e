"""The live page in a real browser, before real pictures."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, expect
from prometheus_client import CollectorRegistry

from maskstream.models.classes import CAMVID
from maskstream.server.config.http import HttpConfig
from maskstream.server.http import ApiServer
from maskstream.server.status import State
from tests.server.http.api import CAMERA, TOKEN, api, wait_for
from tests.server.http.browser import Visit, launch, until, visit
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow

NO_MSE = "delete self.MediaSource; delete self.ManagedMediaSource;"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with launch() as browser:
        yield browser


def test_the_picture_plays_close_behind_the_camera(
    browser: Browser, control: FakeControl, client: httpx.Client
) -> None:
    """H.264 plays, the buffer is short, and no other host is asked for anything."""
    control.add("front", {"source": CAMERA})
    with visit(browser, str(client.base_url)) as page:
        until(lambda: page.played_s("front") > 0)
        begun_s = page.played_s("front")
        until(lambda: page.played_s("front") > begun_s + 2)

        video = page.card("front").locator("video")
        behind_s, error, width = video.evaluate(
            "v => [v.buffered.end(v.buffered.length - 1) - v.currentTime,"
            " v.error && v.error.message, v.videoWidth]"
        )
        expect(page.card("front").locator(".state")).to_have_text("running")
        expect(page.card("front").locator("figcaption")).to_contain_text("road")
        assert control.num_viewers == 1
    assert behind_s < 3
    assert (error, width) == (None, 320)
    assert page.complaints == []
    assert page.hosts == {client.base_url.netloc.decode()}
    wait_for(lambda: control.num_viewers == 0)


def test_a_browser_without_mse_is_shown_jpegs(
    browser: Browser, control: FakeControl, client: httpx.Client
) -> None:
    """The canvas shows one picture after another."""
    control.add("front", {"source": CAMERA})
    with visit(browser, str(client.base_url), NO_MSE) as page:
        seen: set[str] = set()

        def has_moved() -> bool:
            seen.add(_picture(page))
            return len(seen) > 3

        until(has_moved)
        expect(page.card("front").locator(".still")).to_be_visible()
    assert page.complaints == []


def _picture(page: Visit) -> str:
    pictures = (
        page.card("front")
        .locator(".still")
        .evaluate_all("all => all.map(one => one.toDataURL())")
    )
    return str(pictures[:1])


def test_streams_are_added_paused_and_removed(
    browser: Browser, control: FakeControl, client: httpx.Client
) -> None:
    """By the keyboard; a refusal is told in the dialog, in the daemon's words."""
    with visit(browser, str(client.base_url)) as page:
        page.page.get_by_role("heading", name="No streams yet").wait_for()
        page.page.locator("#add-first").press("Enter")
        page.page.get_by_label("Name").fill("yard")
        page.page.get_by_label("Source").fill("file:///etc/passwd")
        page.page.keyboard.press("Enter")
        problem = page.page.locator("#add-problem")
        expect(problem).to_contain_text("must begin with one of rtsp://")
        page.page.get_by_label("Source").fill(CAMERA)
        page.page.keyboard.press("Enter")
        expect(page.card("yard").locator(".state")).to_have_text("running")
        expect(page.card("yard")).to_contain_text("rtsp://***@192.0.2.7/main")

        page.card("yard").get_by_role("button", name="Pause").click()
        expect(page.card("yard").locator(".why")).to_contain_text("Paused")
        page.card("yard").get_by_role("button", name="Resume").click()
        expect(page.card("yard").locator(".state")).to_have_text("running")

        page.card("yard").get_by_role("button", name="Remove").click()
        page.page.get_by_role("button", name="Keep").click()
        expect(page.card("yard")).to_be_visible()
        page.card("yard").get_by_role("button", name="Remove").click()
        page.page.locator("#remove-dialog").get_by_role("button", name="Remove").click()
        page.page.get_by_role("heading", name="No streams yet").wait_for()
        assert not control.settings
    # The refusal is all that the browser has to complain of.
    assert [text for text in page.complaints if "422" not in text] == []


def test_a_stream_that_is_away_says_why(
    browser: Browser, control: FakeControl, client: httpx.Client
) -> None:
    """State, reason, sentence, next attempt, the ledger with its reasons."""
    control.add("front", {"source": CAMERA})
    control.overrides["front"] = {
        "state": State.WAITING,
        "reason": "not_found",
        "message": "rtsp://***@192.0.2.7/main: the server has no such path",
        "retry_in_s": 12.0,
        "since": time.time() - 600,
        "last_frame_at": time.time() - 600,  # a picture that is not shown any more
    }
    wait_for(lambda: control.status("front").account.decoded > 8)
    with visit(browser, str(client.base_url)) as page:
        why = page.card("front").locator(".why")
        expect(why).to_contain_text("Not found")
        expect(why).to_contain_text("the server has no such path")
        expect(why).to_contain_text("waiting for 10 min, next attempt in 12 s")
        page.card("front").locator(".ledger summary").click()
        expect(page.card("front").locator("tbody")).to_contain_text(
            re.compile(r"\d stale \(collect\)")
        )
        assert control.num_viewers == 0
    assert page.complaints == []


def test_the_token_is_asked_for_once(browser: Browser, control: FakeControl) -> None:
    """A wrong one is refused; the right one opens, and a reload asks no more."""
    control.add("front", {"source": CAMERA})
    with (
        api(control, token=TOKEN) as client,
        visit(browser, str(client.base_url)) as page,
    ):
        page.page.get_by_label("Token", exact=True).fill("a wrong token altogether")
        page.page.keyboard.press("Enter")
        expect(page.page.locator("#token-problem")).to_have_text(
            "this is not the token"
        )
        page.page.get_by_label("Token", exact=True).fill(TOKEN)
        page.page.keyboard.press("Enter")
        until(lambda: page.played_s("front") > 0)
        page.page.reload()
        until(lambda: page.played_s("front") > 0)
        assert "token" not in page.page.evaluate("document.cookie")
        page.page.get_by_role("button", name="Forget the token").click()
        page.page.get_by_role("heading", name="A token is needed").wait_for()
    assert [text for text in page.complaints if "401" not in text] == []


def test_a_link_may_bring_the_token(browser: Browser, control: FakeControl) -> None:
    """Behind #, where no server sees it; it does not stay in the address."""
    control.add("front", {"source": CAMERA})
    with (
        api(control, token=TOKEN) as client,
        visit(browser, f"{client.base_url}#token={TOKEN}") as page,
    ):
        expect(page.card("front").locator(".state")).to_have_text("running")
        assert TOKEN not in page.page.url
    assert page.complaints == []


def test_the_page_comes_back_with_the_daemon(
    browser: Browser, control: FakeControl
) -> None:
    """It says that the daemon is away, and plays again when it is not."""
    control.add("front", {"source": CAMERA})
    with ExitStack() as stack:
        with api(control) as client:
            page = stack.enter_context(visit(browser, str(client.base_url)))
            until(lambda: page.played_s("front") > 0)
        link = page.page.locator("#link")
        expect(link).to_contain_text("daemon away", timeout=60_000)
        config = HttpConfig(port=client.base_url.port or 0)
        with ApiServer(control, config, classes=CAMVID, registry=CollectorRegistry()):
            expect(link).to_have_text("live", timeout=60_000)
            begun_s = page.played_s("front")
            until(lambda: page.played_s("front") not in (0.0, begun_s))


def test_the_description_of_the_api_needs_no_other_host(
    browser: Browser, client: httpx.Client
) -> None:
    """Every operation is told on a page of the daemon's own."""
    with visit(browser, f"{client.base_url}/api") as page:
        page.page.get_by_text("/v1/streams/{stream}/{action}").wait_for()
        expect(page.page.locator(".operation")).to_have_count(20)
    assert page.complaints == []
    assert page.hosts == {client.base_url.netloc.decode()}
