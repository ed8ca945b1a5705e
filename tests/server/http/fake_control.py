"""A daemon of synthetic streams: real pictures, painted and encoded, and no network."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from threading import Event
from typing import Any, Self

import av
import numpy as np

from maskstream.models.classes import CAMVID
from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Frame, Labels, Segmentation, StreamFormat
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Outputs
from maskstream.server.control import StreamExistsError, UnknownStreamError
from maskstream.server.status import State, StreamStatus
from maskstream.stages.annotate import Annotator
from maskstream.stages.credentials import mask_credentials
from maskstream.stages.publishing.preview import LivePreview
from maskstream.stages.recording.archive import Archive

__all__ = ["FakeControl"]

SIZE_HW = (180, 320)
RATE = 10
GRAPH = f"testsrc2=size={SIZE_HW[1]}x{SIZE_HW[0]}:rate={RATE}"


class FakeControl:
    """Answers as the supervisor would. Leave it through its context."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.overrides: dict[str, dict[str, Any]] = {}
        """By stream: fields of its status to lay over the real ones."""
        self.archives: dict[str, Archive] = {}
        """By stream: where it is recorded."""
        self.log_levels: list[str] = []
        self.not_alive: str | None = None
        self.not_ready: str | None = None
        self.settings: dict[str, dict[str, Any]] = {}
        self._streams: dict[str, _Stream] = {}
        self._num_accounts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in tuple(self._streams):
            self.remove(stream)

    @property
    def num_viewers(self) -> int:
        """Previews that are open."""
        return sum(stream.num_viewers for stream in self._streams.values())

    def statuses(self) -> Sequence[StreamStatus]:
        """Every stream."""
        return [self.status(stream) for stream in tuple(self._streams)]

    def status(self, stream: str) -> StreamStatus:
        """One stream, with what a test lays over it."""
        found = self._find(stream).status()
        return replace(found, **self.overrides.get(stream, {}))

    def add(self, stream: str, settings: Mapping[str, Any]) -> None:
        """Begin a stream of synthetic pictures, whatever its source."""
        if stream in self._streams:
            raise StreamExistsError(f"stream {stream!r} is there already")
        if unknown := settings.keys() - {"source", "priority", "overlay"}:
            raise ConfigError(f"unknown key {min(unknown)!r}")
        if "source" not in settings:
            raise ConfigError("source is missing; give it as source=...")
        self._num_accounts += 1
        account = f"{stream}#{self._num_accounts}"
        self.settings[stream] = dict(settings)
        self._streams[stream] = _Stream(
            stream, account, _url(settings["source"]), self.ledger
        )

    def change(self, stream: str, settings: Mapping[str, Any]) -> None:
        """Keep the settings."""
        self._find(stream)
        self.settings[stream] |= settings

    def remove(self, stream: str) -> None:
        """End a stream."""
        self._find(stream).stop()
        del self._streams[stream], self.settings[stream]

    def pause(self, stream: str) -> None:
        """Show no more pictures."""
        self._find(stream).set_state(State.PAUSED)

    def resume(self, stream: str) -> None:
        """Show pictures again."""
        self._find(stream).set_state(State.RUNNING)

    def restart(self, stream: str) -> None:
        """Forget what a test has laid over the status."""
        self.overrides.pop(stream, None)
        self._find(stream).set_state(State.RUNNING)

    def snapshot(self, stream: str, *, masked: bool = True) -> bytes | None:
        """The last picture."""
        return self._find(stream).snapshot(masked)

    def preview(self, stream: str) -> Any:
        """Fragmented MP4."""
        return self._find(stream).watch("mp4")

    def preview_jpegs(self, stream: str) -> Any:
        """JPEGs."""
        return self._find(stream).watch("jpeg")

    def archive(self, stream: str) -> Archive | None:
        """What a test has set."""
        self._find(stream)
        return self.archives.get(stream)

    def config(self) -> Mapping[str, Any]:
        """What a supervisor would show."""
        return {"http": {"token": "***"}, "streams": self.settings}

    def set_log_level(self, level: str) -> None:
        """Note the level."""
        self.log_levels.append(level)

    def why_not_alive(self) -> str | None:
        """What a test has set."""
        return self.not_alive

    def why_not_ready(self) -> str | None:
        """What a test has set."""
        return self.not_ready

    def _find(self, stream: str) -> _Stream:
        try:
            return self._streams[stream]
        except KeyError:
            raise UnknownStreamError(f"no stream is named {stream!r}") from None


class _Stream:
    def __init__(self, stream: str, account: str, source: str, ledger: Ledger) -> None:
        self.stream, self.account, self.ledger = stream, account, ledger
        self.source = mask_credentials(source)
        self.num_viewers = 0
        self._preview = LivePreview(
            stream, Annotator(CAMVID, monotonic_clock, legend=False)
        )
        self._shares: dict[str, float] = {}
        self._state, self._since = State.RUNNING, time.time()
        self._last_frame_at: float | None = None
        self._is_stopped = Event()
        ledger.open(account, ("recording", "records"))
        self._pipeline = Pipeline(stream=stream)
        source_ = self._pipeline.source("decode", self._segmentations)
        source_.then("preview", self._preview)
        self._pipeline.start()

    def status(self) -> StreamStatus:
        is_running = self._state is State.RUNNING
        return StreamStatus(
            stream=self.stream,
            state=self._state,
            source=self.source,
            since=self._since,
            account=self.ledger.accounts()[self.account],
            reconnects={"timeout": 2, "eof": 1},
            size_hw=SIZE_HW,
            network_hw=(96, 160),
            fps_in=float(RATE),
            fps_out=RATE - 0.5 if is_running else 0.0,
            latency_s={"p50": 0.061, "p95": 0.094, "p99": 0.131},
            last_frame_at=self._last_frame_at,
            shares=self._shares,
            sinks={"recording": "ok", "records": "ok"},
        )

    def set_state(self, state: State) -> None:
        self._state, self._since = state, time.time()

    def snapshot(self, masked: bool) -> bytes | None:
        return self._preview.snapshot(masked=masked)

    def stop(self) -> None:
        self._is_stopped.set()
        self._pipeline.stop()

    @contextmanager
    def watch(self, kind: str) -> Iterator[Iterator[bytes]]:
        preview = self._preview
        watching = preview.watch() if kind == "mp4" else preview.watch_jpegs()
        with watching as pieces:
            self.num_viewers += 1
            try:
                yield pieces
            finally:
                self.num_viewers -= 1

    def _segmentations(self) -> Outputs:
        height, width = SIZE_HW
        form = StreamFormat(
            height, width, Fraction(1, 1000), average_rate=Fraction(RATE)
        )
        began_at = time.monotonic()
        with av.open(GRAPH, format="lavfi") as container:
            for index, decoded in enumerate(container.decode(video=0)):
                late_s = time.monotonic() - began_at - index / RATE
                if self._is_stopped.wait(max(0.0, -late_s)):
                    return
                if self._state is not State.RUNNING:
                    continue
                picture = decoded.reformat(format="yuv420p")
                labels = _labels(index)
                counts = np.bincount(labels.ravel(), minlength=len(CAMVID))
                shares = (counts / labels.size).tolist()
                self._shares = dict(zip(CAMVID.names, shares, strict=True))
                self._last_frame_at = time.time()
                self.ledger.decoded(self.account)
                if index % 50 == 7:
                    self.ledger.dropped(self.account, stage="collect", reason="stale")
                    continue
                self.ledger.written(self.account, "recording")
                self.ledger.written(self.account, "records")
                pts = index * 1000 // RATE
                frame = Frame(self.stream, index, picture, form, pts, 0, 0.0)
                yield Segmentation(frame, labels, network_hw=(96, 160))


def _url(source: Any) -> str:
    return str(source["url"] if isinstance(source, Mapping) else source)


def _labels(index: int) -> Labels:
    """Show bands of classes, the borders of which wander."""
    height, width = SIZE_HW
    shift = round(12 * np.sin(index / 9))
    rows = np.arange(height)[:, None] + shift + np.zeros((1, width), int)
    labels = np.full((height, width), CAMVID.index("building"), np.uint8)
    labels[rows < 60] = CAMVID.index("sky")
    labels[rows > 110] = CAMVID.index("road")
    labels[90:120, 20 + index % 250 : 60 + index % 250] = CAMVID.index("car")
    labels[80:125, 200:212] = CAMVID.index("pedestrian")
    labels[60:130, :40] = CAMVID.index("tree")
    return labels
