"""What a scrape shows is what the ledger and the stages know."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from fractions import Fraction
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Batch, Frame, StreamFormat
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.metrics import Metrics


def run_a_graph(ledger: Ledger, frames: int) -> Pipeline:
    """Decode and write ``frames`` frames of a stream called front."""

    def source() -> Generator[int, None, None]:
        for frame in range(frames):
            ledger.decoded("front")
            yield frame

    def sink(inbox: Iterable[int]) -> Generator[None, None, None]:
        for _ in inbox:
            ledger.written("front", "video")
            yield

    pipeline = Pipeline(stream="front")
    pipeline.source("decode", source).then("encode", sink)
    pipeline.run()
    return pipeline


def scrape(port: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Read every sample by name and labels."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as response:
        text = response.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_scrape_shows_the_ledger() -> None:
    """Decoded, written and dropped frames are counters by stream, sink and reason."""
    ledger = Ledger()
    ledger.open("front", ["video"])
    metrics = Metrics(ledger)
    pipeline = run_a_graph(ledger, 5)
    ledger.decoded("front")
    ledger.dropped("front", stage="decode", reason="queue_full")
    ledger.noted("front", "corrupt_packets", 3)
    metrics.watch(pipeline)

    with metrics.serve(0) as port:
        seen = scrape(port)

    at_sink = (("sink", "video"), ("stream", "front"))
    assert seen["maskstream_frames_decoded_total", (("stream", "front"),)] == 6
    assert seen["maskstream_frames_written_total", at_sink] == 5
    assert seen["maskstream_frames_in_flight", at_sink] == 0
    dropped = (("reason", "queue_full"), ("sink", "video"), ("stage", "decode"))
    key = ("maskstream_frames_dropped_total", (*dropped, ("stream", "front")))
    assert seen[key] == 1
    event = (("event", "corrupt_packets"), ("stream", "front"))
    assert seen["maskstream_stream_events_total", event] == 3


def test_stage_seconds_never_go_back_when_one_file_follows_another() -> None:
    """The times of earlier graphs are kept when the next one is watched."""
    ledger = Ledger()
    ledger.open("front", ["video"])
    metrics = Metrics(ledger)
    first = run_a_graph(ledger, 3)
    metrics.watch(first)
    key = (
        "maskstream_stage_seconds_total",
        (("stage", "decode"), ("state", "busy"), ("stream", "front")),
    )
    with metrics.serve(0) as port:
        before = scrape(port)[key]
        metrics.unwatch(first)
        metrics.watch(run_a_graph(ledger, 3))
        after = scrape(port)[key]

    assert after > before > 0


def test_the_items_of_a_stage_add_up_over_its_pipelines() -> None:
    """Where they become fewer from one stage to the next, somebody should look."""
    ledger = Ledger()
    ledger.open("front", ["video"])
    metrics = Metrics(ledger)
    first = run_a_graph(ledger, 3)
    metrics.watch(first)
    metrics.unwatch(first)
    metrics.watch(run_a_graph(ledger, 4))

    name, front = "maskstream_stage_items_total", {"stream": "front"}
    count = metrics.registry.get_sample_value
    assert count(name, {**front, "stage": "decode"}) == 7
    assert count(name, {**front, "stage": "encode"}) == 7


def test_takes_are_told_by_why_they_went() -> None:
    """Full or at the deadline, each there from the start, and how long one waited."""
    metrics = Metrics(Ledger())

    metrics.observe_take(True, 0.001)
    metrics.observe_take(True, 0.003)

    count = metrics.registry.get_sample_value
    flushes = "maskstream_batch_flushes_total"
    assert count(flushes, {"reason": "full"}) == 2
    assert count(flushes, {"reason": "deadline"}) == 0
    assert count("maskstream_batch_wait_seconds_sum") == pytest.approx(0.004)


def test_a_port_that_is_taken_is_one_sentence() -> None:
    """The message names the port."""
    with (
        Metrics(Ledger()).serve(0) as port,
        pytest.raises(ConfigError, match=f"metrics port {port} cannot be opened"),
        Metrics(Ledger()).serve(port),
    ):
        pass


def test_the_network_is_described() -> None:
    """A scrape tells which model runs on what, and batches and latencies."""
    metrics = Metrics(Ledger())
    metrics.describe_model(name="fcn8s", engine="openvino")
    metrics.observe_batch(Batch(frames=(), size_hw=(288, 512), held=()))

    with metrics.serve(0) as port:
        seen = scrape(port)

    assert seen["maskstream_model_info", (("engine", "openvino"), ("name", "fcn8s"))]
    assert seen["maskstream_batch_size_count", ()] == 1


def test_the_labels_of_a_stream_that_was_forgotten_vanish() -> None:
    """Neither its seconds nor its latencies are told any more."""
    ledger = Ledger()
    ledger.open("front", ["video"])
    metrics = Metrics(ledger)
    pipeline = run_a_graph(ledger, 3)
    metrics.watch(pipeline)
    form = StreamFormat(64, 96, Fraction(1, 25))
    frame = Frame("front", 0, None, form, pts=0, duration=1, decoded_at=0.0)
    metrics.observe_latency(frame, 0.1)

    metrics.unwatch(pipeline)
    ledger.forget("front")
    metrics.forget("front")
    metrics.forget("never-seen")

    with metrics.serve(0) as port:
        assert not [key for key in scrape(port) if ("stream", "front") in key[1]]
