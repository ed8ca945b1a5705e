"""How torch's work gets to a device and its labels back, without anybody waiting.

A lane takes batches in order and keeps at most two in flight: one that the device works
on and one that waits at its door, so that it never runs dry.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from maskstream.models.engines.base import IntervalSum, Pending
from maskstream.pipeline.errors import ModelError

_MAX_IN_FLIGHT = 2

Work = Callable[[Tensor], Sequence[Tensor]]
"""From a batch on the device to one (H, W) uint8 map per picture, there too."""


class Lane(Protocol):
    """A device's queue, and its times as `Engine` tells them."""

    busy: IntervalSum
    waited: IntervalSum

    def run(self, batch: Tensor, work: Work) -> Pending:
        """Queue work on a batch that lies in host memory (pinned, for CUDA)."""
        ...

    def close(self) -> None:
        """Wait for what is in flight and stop."""
        ...


class CpuLane:
    """One thread that works while others decode and encode."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._in_flight: deque[Future[Sequence[Tensor]]] = deque()
        self.busy = IntervalSum()
        self.waited = IntervalSum()

    def run(self, batch: Tensor, work: Work) -> Pending:
        """Queue work on a batch."""
        while len(self._in_flight) >= _MAX_IN_FLIGHT:
            wait([self._in_flight.popleft()])
        future = self._worker.submit(self._timed, batch, work)
        self._in_flight.append(future)
        return _PendingLabels(future.result, self.waited)

    def close(self) -> None:
        """Wait for what is in flight and end the thread."""
        self._worker.shutdown()

    def _timed(self, batch: Tensor, work: Work) -> Sequence[Tensor]:
        began = time.perf_counter()
        with _explained():
            labels = work(batch)
        self.busy.add(began, time.perf_counter())
        return labels


class CudaLane:
    """Three streams: pictures go up and labels come down while the network runs.

    Host memory is pinned and comes from torch's own pool; what bounds it is the number
    of batches in flight and of label maps still in use.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._upload = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._compute = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._download = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        # The network came on the default stream, for which the others do not wait.
        self._compute.wait_stream(torch.cuda.current_stream(device))
        # With its work, and so all that it reads on the device, which is not torch's.
        self._in_flight: deque[tuple[torch.cuda.Event, Work]] = deque()
        self.busy = IntervalSum()
        self.waited = IntervalSum()

    def run(self, batch: Tensor, work: Work) -> Pending:
        """Queue work on a batch in pinned memory."""
        while len(self._in_flight) >= _MAX_IN_FLIGHT:
            with _explained():
                self._await_oldest()
        began, ended, done = (
            torch.cuda.Event(enable_timing=True, blocking=True)  # type: ignore[no-untyped-call]
            for _ in range(3)
        )
        with _explained():
            with torch.cuda.stream(self._upload):
                pictures = batch.to(self._device, non_blocking=True)
            self._compute.wait_stream(self._upload)
            # On it FFmpeg's decoders on the device have written their pictures.
            self._compute.wait_stream(torch.cuda.default_stream(self._device))
            with torch.cuda.stream(self._compute):
                pictures.record_stream(self._compute)  # freed only after its use there
                began.record()
                labels = work(pictures)
                ended.record()
            self._download.wait_stream(self._compute)
            with torch.cuda.stream(self._download):
                host = [_to_pinned(one, self._download) for one in labels]
                done.record()
        self._in_flight.append((done, work))

        def fetch() -> Sequence[Tensor]:
            done.synchronize()
            worked_s = began.elapsed_time(ended) / 1e3
            so_far_s = self.busy.total_s()  # batches follow each other on one stream
            self.busy.add(so_far_s, so_far_s + worked_s)
            return host

        return _PendingLabels(fetch, self.waited)

    def close(self) -> None:
        """Wait for what is in flight."""
        while self._in_flight:
            self._await_oldest()

    def _await_oldest(self) -> None:
        done, _ = self._in_flight[0]
        done.synchronize()
        self._in_flight.popleft()


@dataclass(frozen=True, slots=True, eq=False)
class _PendingLabels:
    fetch: Callable[[], Sequence[Tensor]]
    waited: IntervalSum

    def labels(self) -> list[NDArray[np.uint8]]:
        """Wait for the device; see `Pending.labels`."""
        began = time.perf_counter()
        with _explained():
            labels = self.fetch()
        self.waited.add(began, time.perf_counter())
        return [one.numpy() for one in labels]


def _to_pinned(labels: Tensor, stream: torch.cuda.Stream) -> Tensor:
    """Start to copy labels on the current stream into pinned host memory."""
    labels.record_stream(stream)
    host = torch.empty(labels.shape, dtype=labels.dtype, pin_memory=True)
    return host.copy_(labels, non_blocking=True)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what torch says when a network fails into one sentence."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelError(
            "the device has too little memory for this batch; "
            "make batch or network size smaller"
        ) from error
    except ModelError:
        raise
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"the network failed: {reason}") from error
