"""Which settings may come over HTTP, and what FFmpeg is held to by them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import av
import pytest
from pydantic import BaseModel

from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import inner_settings
from maskstream.server.config.http import AllowedSources
from maskstream.server.config.source import SourceConfig
from maskstream.server.config.stream import StreamConfig
from maskstream.server.http.admission import ADMITTED, admit_settings
from maskstream.server.http.source_policy import SourcePolicy
from tests.clips import make_clip

URL = "rtsp://admin:secret@192.0.2.7/main"
POLICY = SourcePolicy(AllowedSources())


@pytest.mark.parametrize(
    "source",
    [
        URL,
        {"url": URL, "profile": "low-latency", "stall": "8s"},
        {"url": URL, "options": {"rtsp_transport": "tcp", "max_delay": 500000}},
    ],
)
def test_a_source_is_laid_out_with_what_holds_ffmpeg_to_it(source: Any) -> None:
    """Its own options stay, and those of the policy come after them."""
    admitted = admit_settings({"source": source, "priority": 2}, POLICY)

    assert admitted["priority"] == 2
    assert admitted["source"]["url"] == URL
    assert admitted["source"]["options"]["format_whitelist"] == "rtsp"
    given = {} if isinstance(source, str) else source.get("options", {})
    assert admitted["source"]["options"].items() >= given.items()
    SourceConfig.model_validate(admitted["source"])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"output": "/etc"}, "output cannot be set over HTTP"),
        ({"privacy": {}}, "privacy cannot be set over HTTP"),
        ({"source": None}, "source: a URL is needed"),
        ({"source": {"url": None}}, "source.url: a URL is needed"),
        ({"source": {"url": URL, "path": "/"}}, "source.path cannot be set"),
        ({"source": {"url": URL, "options": "a"}}, "source.options: a mapping"),
        ({"source": {"frozen": None}}, "source.frozen cannot be set"),
        ({"source": {"reconnect": {"often": 1}}}, "source.reconnect.often cannot be"),
        ({"overlay": {"font": "/etc/x.ttf"}}, "overlay.font cannot be set over HTTP"),
        ({"source.url": "/etc/passwd"}, "source.url cannot be set over HTTP"),
        ({"source": {"options": {"timeout": 5}}}, "give the url beside them"),
        (
            {"source": {"url": URL, "options": {"protocol_whitelist": "file"}}},
            "source.options.protocol_whitelist cannot be set",
        ),
        (
            {"source": {"url": URL, "options": {"rtsp_flags": "listen"}}},
            "source.options.rtsp_flags cannot be set",
        ),
        (
            {"source": {"url": URL, "options": {"timeout": "1\r\nX: y"}}},
            "source.options.timeout: a number or a word",
        ),
        (
            {"source": {"url": URL, "options": {"timeout": {"a": 1}}}},
            "source.options.timeout: a number or a word",
        ),
    ],
)
def test_what_may_not_come_this_way_is_named(settings: Any, sentence: str) -> None:
    """Nothing that leads elsewhere, writes, sends or uncovers."""
    with pytest.raises(ConfigError) as refusal:
        admit_settings(settings, POLICY)

    assert sentence in str(refusal.value)


CLOSED = {
    *("source.decoder", "source.frozen"),
    *("privacy", "recording", "publish", "events"),
}
"""What only the configuration file may say, and why:

what decodes (a GPU's decoder does not tell which pictures lost packets damaged), how
a picture that stands still is told (who hides a camera's freeze hides one put before
it), what is blurred, what is written where, what is sent to whom.
"""


def test_every_setting_of_a_stream_is_open_or_closed_for_a_reason() -> None:
    """A new one is closed, and this test asks whether it should be.

    Name it in `ADMITTED` when a stranger with the page's token may set it: it reads no
    file, writes none, reaches no other machine and uncovers nothing that was hidden.
    Else name it in `CLOSED`, with the reason.
    """
    known = set(settings_of(StreamConfig))

    assert known - ADMITTED == CLOSED
    assert known >= ADMITTED
    for path in CLOSED:
        settings: Any = None
        for key in reversed(path.split(".")):
            settings = {key: settings}
        with pytest.raises(ConfigError, match=f"{path} cannot be set over HTTP"):
            admit_settings(settings, POLICY)


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """List the keys of settings, those in others by their path, to what is closed."""
    for key, field in model.model_fields.items():
        inner = inner_settings(field.annotation)
        path = f"{prefix}{key}"
        if inner is None or path in CLOSED:
            yield path
        else:
            yield from settings_of(inner, f"{path}.")


def test_a_change_need_not_name_the_source() -> None:
    """What is laid over a stream may leave its URL as it is."""
    change = {"source": {"max_fps": 5}, "overlay": {"alpha": 0.3}}

    assert admit_settings(change, POLICY) == change


@contextmanager
def sly_server(clip: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve a clip, and ways around to it; gives the URL and what was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            url = f"http://127.0.0.1:{server.server_port}/clip.ts"
            lists = {"/list": url, "/files": f"file://{clip}"}
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", url)
                self.end_headers()
                return
            content = clip.read_bytes()
            if target := lists.get(self.path):
                content = (
                    "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n"
                    f"{target}\n#EXT-X-ENDLIST\n"
                ).encode()
            self.send_response(200)
            if self.path in lists:
                self.send_header("Content-Type", "application/x-mpegURL")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def num_pictures(url: str, options: dict[str, str]) -> int:
    """Count the pictures that FFmpeg finds; none where it refuses."""
    try:
        with av.open(url, options=options, timeout=20) as container:
            return sum(1 for _ in container.decode(video=0))
    except (av.FFmpegError, OSError):
        return 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "of_any", "of_named"),
    [
        ("/clip.ts", 20, 20),
        ("/moved", 0, 20),
        ("/list", 0, 20),
        ("/files", 0, 0),
    ],
)
def test_ffmpeg_goes_no_further_than_it_may(
    tmp_path: Path, path: str, of_any: int, of_named: int
) -> None:
    """A server that nobody vouches for cannot lead it elsewhere, none to a file."""
    clip = make_clip(tmp_path / "clip.ts")
    any_host = SourcePolicy(AllowedSources()).admit("http://192.0.2.7/clip.ts")
    named = SourcePolicy(AllowedSources(hosts=("127.0.0.0/8",)))
    with sly_server(clip) as (url, asked):
        found_of_any = num_pictures(url + path, any_host)
        asked_of_any = tuple(asked)
        found_of_named = num_pictures(url + path, named.admit(url + path))

    assert (found_of_any, found_of_named) == (of_any, of_named)
    assert set(asked_of_any) == {path}
