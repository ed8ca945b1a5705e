"""The daemon as a process of its own: started, asked, reloaded and stopped."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.cameras import RtspCamera
from tests.end_to_end.conftest import Run
from tests.end_to_end.daemon import PATIENCE_S, SYNTHETIC, Daemon
from tests.end_to_end.test_interrupts import count_pictures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_cameras_are_recorded_until_a_signal_comes(tmp_path: Path) -> None:
    """Files are finished, every frame has its outcome, no secret was told, exit 0."""
    with RtspCamera() as camera:
        camera.start()
        streams = {
            "front": {"source": camera.url("locked", "user:secret")},
            "back": {"source": camera.url()},
        }
        record = {"folder": str(tmp_path / "rec"), "records": True, "min_free": 0}
        defaults = {"recording": record}
        settings = {"defaults": defaults, "streams": streams}
        with Daemon(tmp_path, settings) as daemon:
            for stream in streams:
                daemon.wait_written(stream, 10)
            front = daemon.stream("front")
            shown = json.dumps([daemon.get("/v1/config"), daemon.get("/v1/streams")])
            metrics = daemon.metrics()
            snapshot = daemon.ask("GET", "/v1/streams/front/snapshot.jpg")

            assert daemon.stop() == 0, daemon.printed

    assert front["state"] == "running"
    assert front["latency_s"]["p50"] > 0
    assert snapshot.content.startswith(b"\xff\xd8")
    assert metrics["maskstream_stream_up", (("stream", "back"),)] == 1
    told = ("maskstream_sink_latency_seconds_count", "maskstream_frames_written_total")
    for name in told:
        assert metrics[name, (("sink", "records"), ("stream", "front"))] > 0
    loud = [line for line in daemon.lines if line["level"] != "INFO"]
    assert {line["logger"] for line in loud} <= {"maskstream.server.overload"}
    assert "secret" not in shown + daemon.printed + repr(metrics)
    for stream in streams:
        (video,) = (tmp_path / "rec" / stream).glob("*/*.mp4")
        (lines,) = (tmp_path / "rec" / stream).glob("*/*.jsonl")
        records = [json.loads(line) for line in lines.read_text().splitlines()[1:]]
        assert count_pictures(video) > 0
        assert {one["stream"] for one in records} == {stream}


def test_streams_come_and_go_over_http_and_others_do_not_notice(
    tmp_path: Path,
) -> None:
    """Added, paused, resumed and removed; the labels of what is gone vanish."""
    records = {"folder": str(tmp_path / "rec"), "min_free": 0}
    rules = {"bare": {"when": "sky covers less than 100 %"}}
    defaults = {"recording": records, "events": {"rules": rules}}
    settings = {"defaults": defaults, "streams": {"front": {"source": SYNTHETIC}}}
    with RtspCamera() as camera, Daemon(tmp_path, settings) as daemon:
        camera.start()
        daemon.wait_written("front")
        added = daemon.ask("PUT", "/v1/streams/side", json={"source": camera.url()})
        assert added.status_code == 201, added.text
        daemon.wait_written("side")
        told = ("maskstream_events_total", (("rule", "bare"), ("stream", "side")))
        daemon.wait(lambda: told in daemon.metrics(), "an event")

        assert daemon.ask("POST", "/v1/streams/side/pause").status_code == 200
        assert daemon.stream("side")["state"] == "paused"
        assert daemon.ask("POST", "/v1/streams/side/resume").status_code == 200
        daemon.wait_written("side")
        assert daemon.ask("DELETE", "/v1/streams/side").status_code == 204

        assert [one["stream"] for one in daemon.get("/v1/streams")["streams"]] == [
            "front"
        ]
        assert not [key for key in daemon.metrics() if ("stream", "side") in key[1]]
        daemon.wait_written("front", 5)
        assert daemon.stream("front")["num_crashes"] == 0
        assert daemon.stop(signal.SIGINT) == 0, daemon.printed


def test_a_reload_touches_what_differs_and_refuses_what_is_wrong(
    tmp_path: Path,
) -> None:
    """By SIGHUP and by the change of the file alone; a bad file changes nothing."""
    records = {"recording": {"folder": str(tmp_path / "rec"), "min_free": 0}}
    one = {"defaults": records, "streams": {"front": {"source": SYNTHETIC}}}
    both = {stream: {"source": SYNTHETIC} for stream in ("front", "back")}
    two = {**one, "streams": both}
    with Daemon(tmp_path, one) as daemon:
        daemon.wait_written("front")

        daemon.write(two)
        daemon.wait_written("back")
        before = daemon.stream("front")["since"]
        daemon.write({**two, "streems": {}})
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait(lambda: "did you mean 'streams'" in daemon.printed, "a refusal")
        daemon.write(one)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait(lambda: len(daemon.get("/v1/streams")["streams"]) == 1, "the end")

        daemon.wait_written("front")
        assert daemon.stream("front")["since"] == before
        metrics = daemon.metrics()
        name = "maskstream_config_reloads_total"
        assert metrics[name, (("result", "done"),)] >= 2
        assert metrics[name, (("result", "refused"),)] >= 1
        assert daemon.stop() == 0, daemon.printed


def test_systemd_is_told_and_the_watchdog_is_fed(tmp_path: Path) -> None:
    """Ready when the network runs, fed while all is well, stopping at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(PATIENCE_S)
        environment = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "1000000",
        }
        settings = {"streams": {"front": {"source": SYNTHETIC}}}
        with Daemon(tmp_path, settings, environment) as daemon:
            heard: list[str] = []

            def hear(message: str) -> None:
                while not any(one.startswith(message) for one in heard):
                    heard.append(systemd.recv(4096).decode())

            hear("READY=1")
            hear("WATCHDOG=1")
            hear("STATUS=1 of 1 streams up")
            daemon.wait(lambda: daemon.stream("front")["fps_out"] > 0, "a rate")
            front = daemon.stream("front")
            daemon.process.send_signal(signal.SIGTERM)
            hear("STOPPING=1")

            assert daemon.process.wait(PATIENCE_S) == 0, daemon.printed
    assert front["sinks"].keys() == {"labels"}  # of a stream without any
    assert front["latency_s"]["p50"] > 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("streams: {front: {}}", "streams.front: source is missing"),
        (
            "streams: {front: {sourc: x}}",
            "'streams.front.sourc', did you mean 'source'",
        ),
        ("defaults: {prioritty: 2}", "'defaults.prioritty', did you mean 'priority'"),
        ("streams: {'a/b': {source: x}}", "the id of a stream is of letters"),
        ("streams: {front: {source: x.mp4}}", "x.mp4: no such file or folder"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_sentence(
    run: Run, tmp_path: Path, text: str, sentence: str
) -> None:
    """The message names the key; nothing has been started."""
    config = tmp_path / "serve.yaml"
    config.write_text(text)

    done = run("serve", config)

    assert done.code in (1, 2)
    assert sentence in done.sentence


def test_what_is_seen_is_told(tmp_path: Path) -> None:
    """An event reaches the file and the metrics while the stream runs."""
    told = tmp_path / "events.jsonl"
    rules = {"bare": {"when": "sky covers less than 100 %"}}
    settings = {
        "streams": {"front": {"source": SYNTHETIC, "events": {"rules": rules}}},
        "tell": {"jsonl": {"path": str(told)}},
    }
    with Daemon(tmp_path, settings) as daemon:
        daemon.wait_written("front", 5)
        metrics = daemon.metrics()

        assert daemon.stop() == 0, daemon.printed

    began, ended = map(json.loads, told.read_text().splitlines())
    assert (began["rule"], began["phase"]) == ("bare", "begin")
    assert (ended["phase"], ended["is_cut"]) == ("end", True)
    assert metrics["maskstream_events_total", (("rule", "bare"), ("stream", "front"))]
    delivered = ("outcome", "ok"), ("target", "jsonl")
    assert metrics["maskstream_event_deliveries_total", delivered] >= 1
