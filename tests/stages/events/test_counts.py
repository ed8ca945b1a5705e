from __future__ import annotations

from maskstream.stages.events.counts import EventCounts


def test_a_stream_that_is_gone_is_told_of_no_more() -> None:
    """Not even when its last clip is made late; what others did stays."""
    counts = EventCounts()
    for stream in ("front", "side"):
        counts.event(stream, "crowd")
        counts.clip(stream, "ok")

    counts.forget("side")
    counts.clip("side", "failed")

    assert counts.events() == {("front", "crowd"): 1}
    assert counts.clips() == {("front", "ok"): 1}
