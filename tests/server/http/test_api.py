"""The API, asked over real sockets."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.server.http.api import CAMERA, wait_for
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow


def test_a_stream_lives_through_the_api(
    client: httpx.Client, control: FakeControl
) -> None:
    """Added, seen, changed, paused, resumed, restarted, removed."""
    url = "/v1/streams/front"
    added = client.put(url, json={"source": CAMERA})
    changed = client.patch(url, json={"overlay": {"alpha": 0.3}})
    states = [client.post(f"{url}/{do}").json()["state"] for do in ("pause", "resume")]
    restarted = client.post(f"{url}/restart")
    listed = client.get("/v1/streams").json()["streams"]

    assert added.status_code == 201
    assert added.json()["source"] == "rtsp://***@192.0.2.7/main"
    assert changed.status_code == restarted.status_code == 200
    assert control.settings["front"]["overlay"] == {"alpha": 0.3}
    assert states == ["paused", "running"]
    assert [stream["stream"] for stream in listed] == ["front"]
    assert client.delete(url).status_code == 204
    assert client.get("/v1/streams").json() == {"streams": []}


def test_the_ledger_is_told_whole(client: httpx.Client, control: FakeControl) -> None:
    """At each sink, decoded frames are written, dropped for a reason, or in flight."""
    control.add("a", {"source": CAMERA})
    wait_for(lambda: control.status("a").account.decoded > 8)

    stream = client.get("/v1/streams/a").json()
    for sink in stream["sinks"].values():
        dropped = sum(drop["frames"] for drop in sink["dropped"])
        assert stream["decoded"] == sink["written"] + sink["in_flight"] + dropped
        assert sink["dropped"] == [{"stage": "collect", "reason": "stale", "frames": 1}]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("GET", "/v1/streams/b", None, 404, "no stream is named 'b'"),
        ("POST", "/v1/streams/b/pause", None, 404, "no stream is named 'b'"),
        ("DELETE", "/v1/streams/b", None, 404, "no stream is named 'b'"),
        ("GET", "/v1/streams/b/snapshot.jpg", None, 404, "no stream is named 'b'"),
        ("GET", "/v1/streams/b/preview.mjpg", None, 404, "no stream is named 'b'"),
        ("PUT", "/v1/streams/a", {"source": CAMERA}, 409, "'a' is there already"),
        ("PUT", "/v1/streams/b", {}, 422, "source is missing"),
        ("PUT", "/v1/streams/b", {"source": 7}, 422, "source: a URL is needed"),
        ("PUT", "/v1/streams/b", {"source": "/etc/passwd"}, 422, "must begin with"),
        ("PUT", "/v1/streams/b", {"output": "/etc"}, 422, "output cannot be set"),
        ("PUT", "/v1/streams/b", [], 422, "should be a valid dictionary"),
        ("PUT", "/v1/streams/-b", {"source": CAMERA}, 422, "stream: string should"),
        ("POST", "/v1/streams/a/explode", None, 422, "'pause', 'resume' or 'restart'"),
        ("PUT", "/v1/log-level", {"level": "loud"}, 422, "level: string should match"),
        ("GET", "/v2", None, 404, "nothing is here"),
        ("POST", "/healthz", None, 405, "POST cannot be done here"),
        ("GET", "/static/%2e%2e%2fserver.py", None, 404, "nothing is here"),
        ("GET", "/static/..%2fserver.py", None, 404, "nothing is here"),
        ("GET", "/static/server.py", None, 404, "the page has no such file"),
        ("GET", "//etc/passwd", None, 404, "nothing is here"),
    ],
)
def test_a_failure_is_one_sentence(
    client: httpx.Client,
    control: FakeControl,
    method: str,
    path: str,
    body: Any,
    status: int,
    sentence: str,
) -> None:
    """As JSON, with the status that says whose fault it is."""
    control.add("a", {"source": CAMERA})

    answer = client.request(method, path, json=body)

    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert sentence in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_probes_tell_why(client: httpx.Client, control: FakeControl) -> None:
    """503 and one sentence while the daemon is not alive or not ready."""
    assert client.get("/healthz").text == client.get("/readyz").text == "ok\n"

    control.not_alive, control.not_ready = "the network has hung", "stopping"

    answers = [client.get(path) for path in ("/healthz", "/readyz")]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert [answer.text for answer in answers] == [
        "the network has hung\n",
        "stopping\n",
    ]


def test_operators_see_metrics_settings_and_logs(
    client: httpx.Client, control: FakeControl
) -> None:
    """Prometheus' text, the settings in force, and a log level that can be set."""
    level = client.put("/v1/log-level", json={"level": "debug"})

    assert "maskstream_frames_total 3.0" in client.get("/metrics").text
    assert client.get("/v1/config").json()["http"] == {"token": "***"}
    assert level.json() == {"level": "debug"}
    assert control.log_levels == ["debug"]
    assert client.get("/v1/log-level").json()["level"] in ("info", "warning", "notset")
    colours = {one["name"]: one["colour"] for one in _daemon(client)["classes"]}
    assert colours["road"] == "#804080"


def _daemon(client: httpx.Client) -> Any:
    return client.get("/v1/daemon").json()


def test_the_api_describes_itself(client: httpx.Client) -> None:
    """Each operation has a summary and says what else it may answer."""
    schema = client.get("/v1/openapi.json").json()

    operations = [op for path in schema["paths"].values() for op in path.values()]
    assert len(operations) > 12
    for operation in operations:
        assert operation["description"]
        assert "401" in operation["responses"]
    for model in schema["components"]["schemas"].values():
        assert model.get("description") or model["title"].endswith("Error")


def test_a_body_that_is_no_json_is_told(client: httpx.Client) -> None:
    """Without the parser's own words."""
    answer = client.put(
        "/v1/streams/b", content="xx", headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.json() == {"error": "the body is not valid JSON"}
