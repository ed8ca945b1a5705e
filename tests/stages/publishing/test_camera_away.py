"""What viewers see when the camera is away, was never there, or has changed."""

from __future__ import annotations

import pytest

from maskstream.pipeline.ledger import Ledger
from maskstream.stages.publishing.publisher import Publisher
from maskstream.stages.publishing.target import Target
from tests.live_feed import live_feed
from tests.viewers import LISTENERS, Viewer, free_port, viewer

pytestmark = pytest.mark.slow


@pytest.fixture
def ledger() -> Ledger:
    """Where every frame has its outcome."""
    return Ledger()


def test_viewers_see_that_the_camera_is_away(ledger: Ledger) -> None:
    """The connection lives on with the last picture dimmed, until frames come again."""
    url, *options = LISTENERS["rtsp"]
    url = url.format(free_port())
    publisher = Publisher(Target(url), "cam", ledger, "out")
    with viewer(url, *options) as server, live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: server.has_seen(10))
        bright = server.seen[-1].luma
        feed.wait_until(lambda: num_dim(server, bright) >= 4)
        before = len(server.seen)
        feed.send_until(lambda: server.has_seen(before + 10))

    times = [seen.seconds for seen in server.seen if seen.seconds >= 0]
    assert feed.account.notes["publish_connections"] == 1
    assert times == sorted(times)
    dim = [seen for seen in server.seen if seen.luma < bright * 0.6]
    assert dim[-1].seconds - dim[0].seconds == pytest.approx(
        0.5 * (len(dim) - 1), abs=0.5
    )
    assert server.seen[-1].luma > bright * 0.8


def num_dim(server: Viewer, bright: float) -> int:
    """Count the pictures that are much darker than those of the camera."""
    return sum(seen.luma < bright * 0.6 for seen in server.seen)


def test_viewers_can_be_served_before_the_camera_ever_was(ledger: Ledger) -> None:
    """With a size that is known, a black picture says that there is no signal."""
    url, *options = LISTENERS["tcp"]
    url = url.format(free_port())
    publisher = Publisher(
        Target(url.removesuffix("?listen=1")), "cam", ledger, "out", size_hw=(120, 160)
    )
    with viewer(url, *options) as server, live_feed(publisher, ledger, "out") as feed:
        feed.wait_until(lambda: server.has_seen(1))

    assert (server.seen[0].height, server.seen[0].width) == (120, 160)
    assert 1 < server.seen[0].luma < 60


def test_a_camera_of_another_size_gets_bars(ledger: Ledger) -> None:
    """The viewers' size stays, and so do the connection and the camera's shape."""
    url, *options = LISTENERS["tcp"]
    url = url.format(free_port())
    publisher = Publisher(Target(url.removesuffix("?listen=1")), "cam", ledger, "out")
    with viewer(url, *options) as server, live_feed(publisher, ledger, "out") as feed:
        feed.send_until(lambda: server.has_seen(5))
        wide = feed.form
        feed.form = type(wide)(320, 240, wide.time_base)
        before = len(server.seen)
        bright = server.seen[-1].luma
        feed.send_until(lambda: server.has_seen(before + 30))

    assert {(seen.height, seen.width) for seen in server.seen} == {(240, 320)}
    assert server.seen[-1].luma < bright * 0.8
    assert feed.account.notes["publish_connections"] == 1
