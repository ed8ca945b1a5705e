"""Watch a live decoder from a test, on its own thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Thread

from maskstream.pipeline.clock import monotonic_clock
from maskstream.pipeline.frame import Frame, StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.live.decoder import LiveDecoder
from maskstream.stages.live.reasons import Reason
from maskstream.stages.live.sources import live_source
from maskstream.stages.source import Source

__all__ = ["Watched", "watching"]

_PATIENCE_S = 60.0  # for a machine that is busy with other work


@dataclass(eq=False)
class Watched:
    """What a decoder did so far; also its watch."""

    ledger: Ledger
    frames: list[Frame] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    _num_awaited: int = 0
    _changed: Condition = field(default_factory=Condition)

    def connecting(self) -> None:
        """Note it."""
        self._note("connecting")

    def up(self, form: StreamFormat) -> None:
        """Note it, with the size."""
        self._note(f"up {form.width}x{form.height}")

    def down(self, reason: Reason, sentence: str, retry_in_s: float) -> None:
        """Note it."""
        with self._changed:
            self.sentences.append(sentence)
            self.delays_s.append(retry_in_s)
        self._note(f"down {reason}")

    def take(self, frame: Frame) -> None:
        """Keep a frame without its picture."""
        with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()

    def wait_for(self, is_true: Callable[[], bool]) -> float:
        """Wait until the world is as wanted; gives the seconds that it took."""
        began_s = time.monotonic()
        with self._changed:
            while not is_true():
                left_s = began_s + _PATIENCE_S - time.monotonic()
                assert left_s > 0, (self.events, len(self.frames), self.sentences)
                self._changed.wait(min(left_s, 0.1))
        return time.monotonic() - began_s

    def wait_for_frames(self, count: int) -> float:
        """Wait for so many more frames than there are."""
        wanted = len(self.frames) + count
        return self.wait_for(lambda: len(self.frames) >= wanted)

    def wait_for_event(self, event: str) -> float:
        """Wait for ``event`` among those after the one that was waited for last."""
        took_s = self.wait_for(lambda: event in self.events[self._num_awaited :])
        self._num_awaited += self.events[self._num_awaited :].index(event) + 1
        return took_s

    @property
    def notes(self) -> dict[str, int]:
        """Of the ledger."""
        return dict(self.ledger.accounts()["cam"].notes)

    def _note(self, event: str) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()


@contextmanager
def watching(given: str | Source, **settings: object) -> Iterator[Watched]:
    """Decode a live source for as long as the block; its stream is ``cam``."""
    ledger = Ledger()
    ledger.open("cam", ["video"])
    watched = Watched(ledger)
    source = given if isinstance(given, Source) else live_source(given)
    decoder = LiveDecoder(
        source,
        "cam",
        ledger,
        monotonic_clock,
        watch=watched,
        **settings,  # type: ignore[arg-type]
    )

    def decode() -> None:
        for frame in decoder():
            watched.take(frame)

    thread = Thread(target=decode, name="decode:cam")
    thread.start()
    try:
        yield watched
    finally:
        decoder.stop()
        thread.join(_PATIENCE_S)
        assert not thread.is_alive()
