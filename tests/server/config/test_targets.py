"""No two streams publish to one place."""

from __future__ import annotations

from typing import Any

import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.serve import parse_serve_settings


def parse(publish: dict[str, Any], other: dict[str, Any] | None = None) -> Any:
    """Check two streams with a default, which the second may lay over."""
    second: dict[str, Any] = {"source": "rtsp://b/"}
    if other is not None:
        second["publish"] = [other]
    return parse_serve_settings(
        {
            "defaults": {"publish": [publish]},
            "streams": {"a": {"source": "rtsp://a/"}, "b": second},
        }
    ).config.streams


@pytest.mark.parametrize(
    ("publish", "other"),
    [
        ({"folder": "hls"}, None),
        ({"url": "rtsp://media/live"}, None),
        ({"folder": "hls"}, {"folder": "./x/../hls/"}),
    ],
)
def test_one_place_for_two_streams_is_refused(publish: Any, other: Any) -> None:
    """They would write over each other's segments."""
    with pytest.raises(ConfigError, match="streams a and b both publish to"):
        parse(publish, other)


@pytest.mark.parametrize("key", ["folder", "url"])
def test_the_id_of_a_stream_may_be_part_of_it(key: str) -> None:
    """So that one default serves all."""
    streams = parse({key: {"folder": "hls/{stream}", "url": "rtsp://m/{stream}"}[key]})

    targets = [one.publish[0].target_of(key).url for key, one in streams.items()]
    assert [target[-2:] for target in targets] == ["/a", "/b"]
