"""Redact: labelled frames -> the same frames with chosen classes made unknowable.

It stands right behind the network, before the stream forks, so that no sink ever holds
a picture of what is to be hidden. What is hidden grows in blocks of eight pixels: those
of the class, of a margin around it, and of the frames just before, since a network that
flickers would show in one frame what it hid in the next.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace

import av
import cv2
import numpy as np

from maskstream.models.classes import ClassTable
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.frame import Labels, Segmentation, StreamFormat
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.stages.device_picture import pixel_format
from maskstream.stages.planes import (
    PictureCopier,
    PlaneLayout,
    planar_format,
    plane_samples,
)
from maskstream.stages.redact_kernel import (
    BLOCK,
    Blocks,
    cover,
    find_blocks,
    prepare_redaction,
)

__all__ = ["Redactor"]

_CELLS_PER_SIDE = 20  # of the shorter side, at most: what is left of a face is a cell
_LEAST_CELL = 2  # blocks
_FILL_RGB = (64, 64, 64)
_HELD_SPEED = 0.3  # shorter sides a second (docs/privacy.md has the measurement)
_BREAK_S, _BREAK_RATIO = 1.0, 4  # a gap as long, and so much longer than the one before
_MAX_REMEMBERED = 512  # two seconds at 240 frames a second


@dataclass(frozen=True, slots=True)
class Redactor:
    """Makes new pictures in which classes are pixelated or filled.

    Every pixel outside the hidden blocks stays bit-exact; what comes out is planar, as
    `maskstream.stages.planes` has it. Frames of which too little is known are dropped
    for every sink: ``unsettled`` within ``also_hold_s`` of the beginning and of any
    break (a gap, as a reconnect leaves; another format; a step back in time); ``held``
    where the labels are those of an earlier frame.

    Raises:
        ConfigError: A class does not exist, or a number is out of its range.
    """

    classes: ClassTable
    hidden: Collection[str]
    """Names of the classes to hide."""
    ledger: Ledger
    is_filled: bool = False
    """Fill with grey rather than pixelate: nothing at all is left to be seen."""
    margin: float = 0.02
    """Hidden around each pixel of the classes, as a share of the shorter side."""
    also_hold_s: float = 0.5
    """What was hidden in the frames of so many seconds before is hidden still."""
    shows_held: bool = False
    """Pass held frames, with a margin that grows with the age of their labels."""

    def __post_init__(self) -> None:
        for name in self.hidden:
            self.classes.index(name)
        if not 0 <= self.margin <= 1:
            raise ConfigError(f"a margin is a share from 0 to 1, got {self.margin}")
        if self.also_hold_s < 0:
            raise ConfigError(f"also_hold_s cannot be negative, got {self.also_hold_s}")

    def __call__(self, inbox: Inbox) -> Outputs:
        """Yield each segmentation that may be seen, with what may be seen of it."""
        prepare_redaction()
        copier = PictureCopier()
        memory = _Memory(self)
        for item in inbox:
            frame = item.frame
            age_s = memory.look(item)
            if reason := self._why_not(item, memory):
                self.ledger.dropped(frame.stream, stage="redact", reason=reason)
                continue
            blocks = memory.union()
            picture = frame.picture
            is_planar = planar_format(pixel_format(picture)) == picture.format.name
            if is_planar and not blocks.any():
                yield item
                continue
            side = min(item.labels.shape)
            margin = self.margin + _HELD_SPEED * age_s
            copied = copier.copy(picture)
            copied.pts, copied.time_base = frame.pts, frame.format.time_base
            self._cover(copied, _dilate(blocks, margin * side))
            yield replace(item, frame=replace(frame, picture=copied))

    def _why_not(self, item: Segmentation, memory: _Memory) -> str | None:
        if not memory.is_settled:
            return "unsettled"
        return "held" if item.is_held and not self.shows_held else None

    def _cover(self, picture: av.VideoFrame, blocks: Blocks) -> None:
        layout = PlaneLayout.of(picture)
        side = min(picture.height, picture.width)
        cell = max(_LEAST_CELL, math.ceil(side / _CELLS_PER_SIDE / BLOCK))
        fill = layout.codes(np.array(_FILL_RGB, np.uint8))
        for number, samples in enumerate(plane_samples(picture)):
            is_shared = number > 0
            cover(
                samples,
                picture.planes[number].width,
                blocks,
                layout.shift_w if is_shared else 0,
                layout.shift_h if is_shared else 0,
                cell,
                int(fill[number]) if self.is_filled else -1,
            )


class _Memory:
    """What was to be hidden of late."""

    def __init__(self, settings: Redactor) -> None:
        self._also_hold_s = settings.also_hold_s
        self._hidden = np.zeros(256, np.uint8)
        self._hidden[[settings.classes.index(name) for name in settings.hidden]] = 1
        self._form: StreamFormat | None = None
        self._labels: Labels | None = None
        self._began_s = self._now_s = self._labelled_s = 0.0
        self._gap_s = math.inf
        self._found: deque[tuple[float, Blocks]] = deque(maxlen=_MAX_REMEMBERED)

    def look(self, item: Segmentation) -> float:
        """Remember what is to be hidden; return the age of the labels in seconds."""
        now_s, before_s = item.frame.pts_seconds, self._now_s
        self._now_s = now_s
        if self._is_break(item.frame.format, now_s - before_s):
            self._form, self._labels = item.frame.format, None
            self._began_s = before_s = now_s
            self._found.clear()
        if item.labels is not self._labels:
            self._labels = item.labels
            # The frame that held labels were made for may have been dropped on the way
            # here; it came after the frame before this one.
            self._labelled_s = before_s if item.is_held else now_s
            height, width = item.labels.shape
            blocks = np.empty((-(-height // BLOCK), -(-width // BLOCK)), np.uint8)
            find_blocks(item.labels, self._hidden, blocks)
            self._found.append((self._labelled_s, blocks))
        while len(self._found) > 1 and self._found[0][0] < now_s - self._also_hold_s:
            self._found.popleft()
        return now_s - self._labelled_s

    def _is_break(self, form: StreamFormat, gap_s: float) -> bool:
        is_gap = gap_s > max(_BREAK_S, _BREAK_RATIO * self._gap_s)
        is_break = form is not self._form or gap_s < 0 or is_gap
        self._gap_s = math.inf if is_break else gap_s
        return is_break

    @property
    def is_settled(self) -> bool:
        """The network has looked for as long as its findings are held."""
        return self._now_s - self._began_s >= self._also_hold_s

    def union(self) -> Blocks:
        """All that is to be hidden now, without the margin."""
        blocks: Blocks = np.bitwise_or.reduce([blocks for _, blocks in self._found])
        return blocks


def _dilate(blocks: Blocks, pixels: float) -> Blocks:
    """Add all blocks within ``pixels`` of one."""
    radius = min(math.ceil(pixels / BLOCK), max(blocks.shape))
    if radius == 0:
        return blocks
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return np.asarray(cv2.dilate(blocks, square), np.uint8)
