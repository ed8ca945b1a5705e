"""Where to publish, and what FFmpeg must be told for it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import av

from maskstream.pipeline.errors import ConfigError
from maskstream.stages.credentials import mask_credentials
from maskstream.stages.folder_lock import FolderLock

__all__ = ["SEGMENT_S", "Target"]

SEGMENT_S = 2
_LISTED = 6  # a player starts three segments behind the newest, and may stall a while
_PLAYLIST = "index.m3u8"
_LEAST_ROOM = 4 << 20  # bytes: for two segments, at any bit rate in use

_FORMATS = {
    "rtsp": "rtsp",
    "rtsps": "rtsp",
    "rtmp": "flv",
    "rtmps": "flv",
    "tcp": "mpegts",
    "udp": "mpegts",
    "srt": "mpegts",
}
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "flv": {"flvflags": "no_duration_filesize"},
    "mpegts": {
        "flush_packets": "1",
        "mpegts_flags": "resend_headers+pat_pmt_at_frames",
    },
    "hls": {
        "hls_time": str(SEGMENT_S),
        "hls_list_size": str(_LISTED),
        "hls_segment_type": "fmp4",
        "hls_fmp4_init_filename": "init.mp4",
        # Never a number again after a restart: a player would take it for one it has.
        "hls_start_number_source": "epoch",
        "hls_flags": "delete_segments+independent_segments+program_date_time"
        "+discont_start+omit_endlist+temp_file",
    },
}


@dataclass(frozen=True, slots=True)
class Target:
    """A server that takes a stream, or a folder for HLS.

    Raises:
        ConfigError: The URL is of no kind that can be published to here.
    """

    url: str
    """``rtsp[s]://``, ``rtmp[s]://``, ``udp://`` or ``tcp://`` (MPEG-TS), or the path
    of a folder."""
    transport: Literal["tcp", "udp"] = "tcp"
    """Of the pictures, for RTSP."""
    options: Mapping[str, str] = field(default_factory=dict)
    """FFmpeg's own, over those chosen here."""

    def __post_init__(self) -> None:
        scheme = self._scheme
        if scheme and scheme not in _FORMATS:
            known = ", ".join(f"{name}://" for name in sorted(set(_FORMATS) - {"srt"}))
            raise ConfigError(
                f"{self}: cannot publish to {scheme}://; use {known} or a folder"
            )
        if scheme == "srt" and not _has_srt():
            raise ConfigError(
                f"{self}: the FFmpeg in PyAV has no SRT; publish by rtsp:// to a "
                "server that gives it out as SRT"
            )

    def __str__(self) -> str:
        """As it may be shown."""
        return mask_credentials(self.url)

    @property
    def _scheme(self) -> str:
        scheme = re.match(r"([a-z][a-z0-9+.-]*):/", self.url, re.IGNORECASE)
        return scheme[1].lower() if scheme else ""

    @property
    def kind(self) -> str:
        """The protocol in one word."""
        return {"flv": "rtmp"}.get(self.format, self.format)

    @property
    def format(self) -> str:
        """FFmpeg's name of the muxer."""
        return _FORMATS.get(self._scheme, "hls")

    @property
    def address(self) -> str:
        """What FFmpeg is to open."""
        if self.format == "hls":
            return str(Path(self.url) / _PLAYLIST)
        if self._scheme == "udp" and "pkt_size" not in self.url:
            # Seven packets of a transport stream are what fits into an Ethernet frame.
            return f"{self.url}{'&' if '?' in self.url else '?'}pkt_size=1316"
        return self.url

    @property
    def muxer_options(self) -> dict[str, str]:
        """What FFmpeg is to be told."""
        options = dict(_OPTIONS.get(self.format, {}))
        if self.format == "rtsp":
            options["rtsp_transport"] = self.transport
        if self.format == "hls":
            name = str(Path(self.url) / "segment-%d.m4s")
            options["hls_segment_filename"] = name
        return options | dict(self.options)

    def prepare(self) -> FolderLock | None:
        """Make the folder of HLS, and clear it of what earlier connections left.

        Returns:
            What keeps other processes out of it until it is released.

        Raises:
            FolderInUseError: Another process publishes into it.
            OSError: It cannot be made, or its disk is full.
        """
        if self.format != "hls":
            return None
        folder = Path(self.url)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder, "publishes into")
        lock.hold()
        oldest = time.time() - 2 * _LISTED * SEGMENT_S
        for segment in folder.glob("segment-*.m4s"):
            if segment.stat().st_mtime < oldest:  # players may be at the newer ones
                segment.unlink(missing_ok=True)
        self.check_room(2 * _LEAST_ROOM)  # or it would be full again at once
        return lock

    def check_room(self, least: int = _LEAST_ROOM) -> None:
        """See that the folder of HLS has room for the next segments.

        Before the disk is full, so that the segment at hand can still be finished.

        Raises:
            OSError: It has not, or is away.
        """
        if self.format == "hls" and shutil.disk_usage(self.url).free < least:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _has_srt() -> bool:
    try:
        av.open("srt://127.0.0.1:1?timeout=1", format="mpegts", timeout=1).close()
    except av.error.ProtocolNotFoundError:
        return False
    except av.FFmpegError:
        pass  # nobody listens there, but it was tried
    return True
