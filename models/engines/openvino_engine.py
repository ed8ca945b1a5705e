"""The network in OpenVINO, on the CPU."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstream.models.engines.base import IntervalSum, Pending
from maskstream.models.engines.compiling import compile_for
from maskstream.models.engines.converted import ConvertedNetwork
from maskstream.models.engines.cores import available_cores
from maskstream.models.engines.openvino_model import import_openvino
from maskstream.models.engines.scored import PendingScores
from maskstream.models.upsample import prepare_kernel
from maskstream.pipeline.errors import ModelError

logger = logging.getLogger(__name__)

_NUM_STREAMS = 2  # pictures at once; one alone waits at each layer for its slowest core
_MAX_SIZES = 8  # compiled networks kept, each for one size of picture: about 50 MB
_HINTS = {"fp32": "f32", "bf16": "bf16"}


class OpenVinoEngine:
    """A converted network, compiled for each size of picture.

    Pictures run one by one, which costs no more on a CPU than batches do, and neither
    they nor their scores are copied on the way.

    Of a network of 8 bits each stream has a copy of its own: where streams share one,
    OpenVINO 2026.4 sometimes gets its weights wrong while it compiles it.
    """

    name = "openvino"
    device = "cpu"

    def __init__(
        self, network: ConvertedNetwork, *, precision: str, threads: int | None = None
    ) -> None:
        """Take a network; it is compiled when the first picture of a size comes.

        Args:
            network: left as it is.
            precision: ``fp32``, or ``bf16`` where the CPU has it; of a network of 8
                bits, what the rest of it is computed in.
            threads: CPU threads; by default as many as this process has cores.
        """
        self.precision = "int8" if network.int8_of else precision
        self._openvino = import_openvino()
        self._converted = network
        threads = threads or available_cores()
        num_streams = min(_NUM_STREAMS, threads)
        self._num_copies = num_streams if network.int8_of else 1
        self._settings = openvino_settings(
            precision,
            threads=threads // self._num_copies,
            num_streams=num_streams // self._num_copies,
        )
        # Enough that no stream has a gap: streams that share a copy share what waits.
        self._max_in_flight = num_streams + self._num_copies
        self._compiled = lru_cache(_MAX_SIZES)(self._compile)
        self._grid = network.grid
        self._in_flight: deque[_Inference] = deque()
        self._busy = IntervalSum()
        self._waited = IntervalSum()
        prepare_kernel()

    def submit(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        sizes_hw: Sequence[tuple[int, int]],
    ) -> Pending:
        """Start the network on (h, w, 3) RGB pictures; see `Engine.submit`."""
        fetches = [self._start(picture).scores for picture in pictures]
        height, width = pictures[0].shape[:2]
        return PendingScores(
            fetches, sizes_hw, self._grid, (height, width), self._waited
        )

    def busy_s(self) -> float:
        """Return for how long the device worked, as far as labels were fetched."""
        return self._busy.total_s()

    def waited_s(self) -> float:
        """Return for how long the fetching of labels had to wait for the device."""
        return self._waited.total_s()

    def close(self) -> None:
        """Wait for what is in flight and stop."""
        while self._in_flight:
            self._in_flight.popleft().wait()
        self._compiled.cache_clear()

    def _start(self, picture: NDArray[np.uint8]) -> _Inference:
        network = self._compiled(picture.shape)
        while len(self._in_flight) >= self._max_in_flight:
            self._in_flight.popleft().wait()
        inference = network.start(np.ascontiguousarray(picture), self._busy)
        self._in_flight.append(inference)
        return inference

    def _compile(self, shape: tuple[int, int, int]) -> _CompiledNetwork:
        if self._compiled.cache_info().misses == _MAX_SIZES + 1:
            logger.warning(
                "pictures of more than %d sizes are compiled for again and again; "
                "one model.size for all avoids that",
                _MAX_SIZES,
            )
        copies = [
            compile_for(self._converted, shape, self._settings)
            for _ in range(self._num_copies)
        ]
        return _CompiledNetwork(self._openvino.Tensor, copies)


def openvino_settings(
    precision: str, *, threads: int, num_streams: int
) -> dict[str, Any]:
    """Say how the CPU is to run a network, in OpenVINO's words."""
    return {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": num_streams,
        # Decoder and encoder want the same cores; let the kernel of the system place
        # all of them.
        "ENABLE_CPU_PINNING": False,
    }


class _CompiledNetwork:
    """The copies of a network for one size of picture, which take turns."""

    def __init__(self, make_tensor: Any, copies: Sequence[Any]) -> None:
        self._make_tensor = make_tensor
        self._score_shape = tuple(copies[0].output(0).shape)  # (1, K, h8, w8)
        # Each with its idle requests.
        self._turns = cycle([(each, deque[Any]()) for each in copies])

    def start(self, picture: NDArray[np.uint8], busy: IntervalSum) -> _Inference:
        """Start on a contiguous (h, w, 3) picture."""
        copy, idle = next(self._turns)
        request = idle.pop() if idle else copy.create_infer_request()
        scores = np.empty(self._score_shape, np.float32)
        request.set_input_tensor(self._make_tensor(picture[None], shared_memory=True))
        request.set_output_tensor(self._make_tensor(scores, shared_memory=True))
        inference = _Inference(request, idle, picture, scores[0], busy)
        request.start_async()
        return inference


class _Inference:
    """One picture on its way; any thread may wait for it, and as often as it likes."""

    def __init__(
        self,
        request: Any,
        idle: deque[Any],
        picture: NDArray[np.uint8],
        scores: NDArray[np.float32],
        busy: IntervalSum,
    ) -> None:
        self._request = request
        self._idle = idle
        self._picture: NDArray[np.uint8] | None = picture  # OpenVINO only borrows it
        self._scores = scores
        self._busy = busy
        self._started_s = time.perf_counter()
        self._error: RuntimeError | None = None
        self._is_done = False
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the scores are there or the network has failed."""
        with self._lock:
            if self._is_done:
                return
            try:
                self._request.wait()
            except RuntimeError as error:
                self._error = error
            self._is_done = True
            ended_s = self._started_s + self._request.latency / 1e3
            self._busy.add(self._started_s, ended_s)
            self._idle.append(self._request)
            self._request = self._picture = None

    def scores(self) -> NDArray[np.float32]:
        """Return (K, h8, w8).

        Raises:
            ModelError: the network failed.
        """
        self.wait()
        if self._error is not None:
            raise ModelError(
                f"the network failed: {_first_line(self._error)}"
            ) from self._error
        return self._scores


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
