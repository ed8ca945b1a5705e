"""The seam between the pipeline and whatever runs the network.

`Engine.submit` hands pictures to the device and returns at once with a `Pending`; the
labels are fetched from that, later and on another thread, so that the device already
works on the next pictures meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maskstream.models.kernels.colour import ColourSpec


class Pending(Protocol):
    """Labels that the device may still be working on."""

    def labels(self) -> list[NDArray[np.uint8]]:
        """Wait for the device and return one (H, W) map of class ids per picture.

        Call it once, on any thread; the wait is without the GIL.

        Raises:
            ModelError: the device failed.
        """
        ...


class Engine(Protocol):
    """A network on a device. One thread submits; another may fetch the labels."""

    @property
    def name(self) -> str:
        """The library that runs the network."""
        ...

    @property
    def device(self) -> str:
        """Where it runs: ``cpu`` or ``cuda:N``."""
        ...

    @property
    def precision(self) -> str:
        """What it computes in: ``fp32``, ``bf16``, ``fp16`` or ``int8``."""
        ...

    def submit(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        sizes_hw: Sequence[tuple[int, int]],
    ) -> Pending:
        """Start the network on some pictures.

        Waits only while the device has as much in flight as it needs to stay busy, and
        then for the device alone, never for somebody to fetch labels.

        Args:
            pictures: (h, w, 3) RGB, all of one size; not to be changed before their
                labels are there.
            sizes_hw: for each, the size of its label map.

        Raises:
            ModelError: the network cannot run on these pictures.
        """
        ...

    def busy_s(self) -> float:
        """Return for how long the device worked, as far as labels were fetched."""
        ...

    def waited_s(self) -> float:
        """Return for how long the fetching of labels had to wait for the device."""
        ...

    def close(self) -> None:
        """Wait for what is in flight and stop."""
        ...


class DevicePlane(Protocol):
    """A plane on a device, as a decoder there has left it."""

    def __dlpack__(self) -> Any:
        """Give a DLPack capsule, which keeps the memory while it is in use."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class YuvPicture:
    """A picture in the decoder's planes of 8 bits, and how the network is to see it."""

    planes: tuple[NDArray[np.uint8] | DevicePlane, ...]
    """Y (H, W), then U and V, as large or smaller; or both in one, (H, W, 2)."""
    colour: ColourSpec
    rotation: int
    """Degrees counter-clockwise that set it upright: 0, 90, 180 or 270."""
    network_hw: tuple[int, int]
    """Height and width of the network's input, upright."""


Picture = NDArray[np.uint8] | YuvPicture


@runtime_checkable
class PlanesEngine(Engine, Protocol):
    """An engine that makes the network's input on its device."""

    def submit_planes(
        self, pictures: Sequence[Picture], sizes_hw: Sequence[tuple[int, int]]
    ) -> Pending:
        """Start the network on pictures of either kind, of one network size.

        All that is needed of them is copied before this returns; planes on the device
        are read there, and kept until they have been. Waits and raises as
        `Engine.submit` does.
        """
        ...


class IntervalSum:
    """The time that intervals cover, overlaps counted once; shared between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total_s = 0.0
        self._covered_until_s = float("-inf")

    def add(self, start_s: float, end_s: float) -> None:
        """Count an interval; they come in the order of their starts."""
        with self._lock:
            self._total_s += max(0.0, end_s - max(start_s, self._covered_until_s))
            self._covered_until_s = max(end_s, self._covered_until_s)

    def total_s(self) -> float:
        """Return the length of the union of all intervals."""
        with self._lock:
            return self._total_s
