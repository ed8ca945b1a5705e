"""Recordings on the live page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from maskstream.pipeline.ledger import StreamAccount
from maskstream.stages.recording.archive import Archive
from tests.recordings import NOON, Camera, add, record, recorder
from tests.server.http.api import CAMERA
from tests.server.http.browser import launch, visit
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with launch() as browser:
        yield browser


def test_a_recording_is_found_and_played(
    browser: Browser, control: FakeControl, client: httpx.Client, tmp_path: Path
) -> None:
    """A line for the files that begin together; the video plays, the mask is kept."""
    archive = control.archives["cam"] = Archive(tmp_path / "rec")
    shots = Camera(tmp_path / "clips").take(0, 1, 2)
    for kind in ("video", "mask"):
        record(recorder(archive, kind=kind), shots)
    control.add("cam", {"source": CAMERA})

    with visit(browser, str(client.base_url)) as page:
        recordings = page.card("cam").locator(".recordings")
        recordings.locator("summary").click()
        expect(recordings.locator("li")).to_have_count(1)
        with page.page.context.expect_page() as opened:
            recordings.get_by_role("link", name="video").click()
        video = opened.value.locator("video")
        expect(video).to_have_js_property("videoWidth", 96, timeout=60_000)
        assert video.evaluate("v => v.duration") > 1
        with page.page.expect_download() as download:
            recordings.get_by_role("link", name="mask").click()
        assert download.value.suggested_filename.startswith("cam.2026-11-28T12-00-00")
        assert download.value.suggested_filename.endswith(".mask.mkv")
    assert page.complaints == []


def test_earlier_recordings_come_when_asked_for(
    browser: Browser, control: FakeControl, client: httpx.Client, tmp_path: Path
) -> None:
    """A page at a time, in one list."""
    archive = control.archives["cam"] = Archive(tmp_path / "rec")
    for minute in range(40):
        add(archive, f"cam/{minute}.mp4", NOON + 60 * minute)
    control.add("cam", {"source": CAMERA})

    with visit(browser, str(client.base_url)) as page:
        recordings = page.card("cam").locator(".recordings")
        recordings.locator("summary").click()
        expect(recordings.locator("li")).to_have_count(30)
        recordings.get_by_role("button", name="Earlier").click()
        expect(recordings.locator("li")).to_have_count(40)
        expect(recordings.get_by_role("button", name="Earlier")).to_be_hidden()
    assert page.complaints == []


def test_who_records_nothing_has_no_list(
    browser: Browser, control: FakeControl, client: httpx.Client
) -> None:
    """What is not there takes no room."""
    control.add("cam", {"source": CAMERA})
    control.overrides["cam"] = {"account": StreamAccount(0, {}, {})}

    with visit(browser, str(client.base_url)) as page:
        expect(page.card("cam").locator(".ledger")).to_be_visible()
        expect(page.card("cam").locator(".recordings")).to_be_hidden()
