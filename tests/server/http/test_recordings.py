"""Recordings over real sockets: found by time, played by parts, and no other file."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from maskstream.stages.recording.archive import Archive
from maskstream.stages.recording.index import INDEX_FOLDER
from tests.recordings import NOON, a_segment
from tests.server.http.api import CAMERA, TOKEN, api, bearer
from tests.server.http.fake_control import FakeControl

pytestmark = pytest.mark.slow

URL = "/v1/streams/cam/recordings"
FIRST = "2026-11-28T12-00-00.000000Z.video.mp4"


@pytest.fixture
def archive(control: FakeControl, tmp_path: Path) -> Archive:
    """Three minutes of a stream: video, masks and records each."""
    archive = control.archives["cam"] = Archive(tmp_path / "rec")
    for minute in range(3):
        for kind, suffix in (
            ("video", ".mp4"),
            ("mask", ".masks.mkv"),
            ("records", ".jsonl"),
        ):
            keep(archive, f"cam/{minute}{suffix}", NOON + 60 * minute, kind=kind)
    control.add("cam", {"source": CAMERA})
    return archive


def keep(archive: Archive, file: str, start: float, **keys: Any) -> None:
    """Add a finished file, in which is its name."""
    begun = archive.begin(replace(a_segment(file, start), **keys))
    archive.path(begun).write_text(f"content of {file}")
    size = archive.path(begun).stat().st_size
    ended = replace(begun, end=start + 59.5, frames=60, bytes=size, reason="clock")
    archive.end(ended)


def names(answer: httpx.Response) -> list[str]:
    """List what an answer lists, by minute and kind."""
    return [
        f"{one['name'][14:16]} {one['kind']}" for one in answer.json()["recordings"]
    ]


def test_recordings_are_listed_with_what_is_known(
    client: httpx.Client, archive: Archive
) -> None:
    """Newest first; each with its times, size and frames, and no place on the disk."""
    answer = client.get(URL)

    assert names(answer)[:3] == ["02 video", "02 records", "02 mask"]
    assert len(names(answer)) == 9
    assert answer.json()["next"] is None
    assert answer.json()["recordings"][-3] == {
        "name": FIRST,
        "kind": "video",
        "start": NOON,
        "end": NOON + 59.5,
        "duration_s": 59.5,
        "frames": 60,
        "bytes": len("content of cam/0.mp4"),
        "size": [64, 96],
        "is_cut": False,
        "reason": "clock",
    }
    assert str(archive.folder) not in answer.text


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"kind": "mask"}, ["02 mask", "01 mask", "00 mask"]),
        (
            {"kind": ["mask", "video"], "until": NOON + 1},
            ["00 video", "00 mask"],
        ),
        (
            {"kind": "video", "since": "2026-11-28T12:00:59.8Z"},
            ["02 video", "01 video"],
        ),
        (
            {"kind": "video", "since": "2026-11-28T13:01:10+01:00", "until": NOON + 75},
            ["01 video"],
        ),
        ({"until": "2026-11-28"}, []),
        ({"since": "9999-12-31"}, []),
    ],
)
def test_they_are_found_by_time_and_kind(
    client: httpx.Client, archive: Archive, params: dict[str, Any], found: list[str]
) -> None:
    """Those that lie in the range in part; times as people or programs write them."""
    assert names(client.get(URL, params=params)) == found


def test_a_long_list_comes_in_pages(client: httpx.Client, archive: Archive) -> None:
    """Each begins where the last one ended, also between files of the same time."""
    params: dict[str, Any] = {"limit": 2}
    pages = []
    while True:
        answer = client.get(URL, params=params)
        pages.append(names(answer))
        if answer.json()["next"] is None:
            break
        params["before"] = answer.json()["next"]

    assert [len(page) for page in pages] == [2, 2, 2, 2, 1]
    assert [name for page in pages for name in page] == names(client.get(URL))


def test_one_is_downloaded_whole_or_by_parts(
    client: httpx.Client, archive: Archive
) -> None:
    """As what it is; a player may seek, and a broken download go on."""
    whole = client.get(f"{URL}/{FIRST}")
    head = client.head(f"{URL}/{FIRST}")
    part = client.get(f"{URL}/{FIRST}", headers={"Range": "bytes=11-"})
    beyond = client.get(f"{URL}/{FIRST}", headers={"Range": "bytes=99-"})
    mask = client.get(f"{URL}/{FIRST.replace('video.mp4', 'mask.mkv')}")

    assert whole.text == "content of cam/0.mp4"
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-disposition"] == f'inline; filename="cam.{FIRST}"'
    assert (head.content, head.headers["content-length"]) == (b"", "20")
    assert (part.status_code, part.text) == (206, "cam/0.mp4")
    assert part.headers["content-range"] == "bytes 11-19/20"
    assert beyond.status_code == 416
    assert mask.text == "content of cam/0.masks.mkv"
    assert mask.headers["content-type"] == "video/x-matroska"
    assert mask.headers["content-disposition"].startswith("attachment")


def test_a_file_that_is_being_written_is_not_offered(
    client: httpx.Client, archive: Archive
) -> None:
    """Neither listed nor given until it is whole."""
    begun = archive.begin(a_segment("cam/now.mp4", NOON + 200))
    archive.path(begun).write_text("half")

    name = FIRST.replace("12-00-00", "12-03-20")
    assert len(names(client.get(URL))) == 9
    assert client.get(f"{URL}/{name}").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/0.mp4",
        "0.mp4",
        "cam%2f0.mp4",
        f"..%2frecordings%2f{FIRST}",
        f"{FIRST}%00",
        f"{FIRST}%0a",
        FIRST.replace("12-00", "99-00"),
        FIRST.replace("000Z", "001Z"),
        FIRST.replace("video.mp4", "video.mkv"),
        FIRST.replace("video", "VIDEO"),
    ],
)
def test_nothing_else_can_be_asked_for(
    client: httpx.Client, archive: Archive, name: str
) -> None:
    """A name is looked up and never a path."""
    answer = client.get(f"{URL}/{name}")

    assert answer.status_code in (404, 422)
    assert list(answer.json()) == ["error"]


def test_a_link_out_of_the_folder_is_not_followed(
    client: httpx.Client, archive: Archive, tmp_path: Path
) -> None:
    """Whoever may write to the folder may not read the daemon's other files."""
    (tmp_path / "secret").write_text("secret")
    (archive.folder / "cam" / "0.mp4").unlink()
    (archive.folder / "cam" / "0.mp4").symlink_to(tmp_path / "secret")

    assert client.get(f"{URL}/{FIRST}").status_code == 404


def test_what_others_wrote_to_the_index_breaks_nothing(
    client: httpx.Client, archive: Archive
) -> None:
    """Lines of the wrong shape are passed over, and a pipe is not read from."""
    day = archive.folder / INDEX_FOLDER / "cam" / "2026-11-28.jsonl"
    lines = [json.loads(line) for line in day.read_text().splitlines()]
    strange = [
        {**lines[-1], "kind": [], "file": "cam/strange.mp4"},
        {**lines[-1], "bytes": "many", "file": "cam/more.mp4"},
        {**lines[-1], "file": "cam/pipe.mp4"},
    ]
    os.mkfifo(archive.folder / "cam" / "pipe.mp4")
    for name in ("strange", "more"):
        (archive.folder / "cam" / f"{name}.mp4").touch()
    day.write_text("\n".join(map(json.dumps, [*lines, *strange])))

    assert len(names(client.get(URL))) == 9


def test_who_is_recorded_nowhere_has_nothing(
    client: httpx.Client, control: FakeControl, archive: Archive
) -> None:
    """An empty list; a stream that is not there is none."""
    control.add("other", {"source": CAMERA})

    assert client.get(URL.replace("cam", "other")).json()["recordings"] == []
    assert client.get(f"{URL.replace('cam', 'other')}/{FIRST}").status_code == 404
    assert client.get(URL.replace("cam", "gone")).status_code == 404
    assert client.get(f"{URL.replace('cam', 'gone')}/{FIRST}").status_code == 404
    assert client.get(URL, params={"before": "yesterday"}).status_code == 422
    assert client.get(URL, params={"limit": 1000}).status_code == 422


def test_recordings_want_the_token(control: FakeControl, archive: Archive) -> None:
    """As all that shows something."""
    with api(control, token=TOKEN) as client:
        for path in (URL, f"{URL}/{FIRST}"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=bearer()).status_code == 200


def test_only_so_many_are_downloaded_at_one_time(
    client: httpx.Client, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is told so; a place that is left is free again."""
    (archive.folder / "cam" / "0.mp4").write_bytes(bytes(64_000_000))
    path = f"{URL}/{FIRST}"
    with httpx.Client(base_url=client.base_url, trust_env=False) as others:
        streams = []
        for _ in range(16):
            request = others.build_request("GET", path)
            streams.append(others.send(request, stream=True))
        refused = client.get(path)
        assert refused.status_code == 503
        assert "16 recordings" in refused.json()["error"]
        for stream in streams:
            stream.close()
    while client.head(path).status_code == 503:
        pass
