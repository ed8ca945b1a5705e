"""The network in onnxruntime, on the CPU."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskstream.models.engines.base import IntervalSum, Pending
from maskstream.models.engines.cores import available_cores
from maskstream.models.engines.scored import PendingScores
from maskstream.models.geometry import ScoreGrid
from maskstream.models.upsample import prepare_kernel
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.errors import ModelError

if TYPE_CHECKING:
    from maskstream.models.fcn import FCN

__all__ = ["OnnxRuntimeEngine", "open_onnxruntime"]

_MAX_IN_FLIGHT = 2
_FILE = "network.onnx"


def open_onnxruntime(
    model: FCN | WeightsFile, threads: int | None
) -> OnnxRuntimeEngine:
    """Convert a network and open it; that of weights in a file is kept.

    Raises:
        ModelError: it has no ONNX.
    """
    if isinstance(model, WeightsFile):
        from maskstream.models.engines.conversion import kept_conversion

        with kept_conversion(model, _FILE, "onnxruntime") as (path, _):
            return OnnxRuntimeEngine(path, threads=threads)
    from maskstream.models.engines.convert import convert_to_onnx

    with TemporaryDirectory() as folder:
        path = Path(folder) / _FILE
        convert_to_onnx(model, path)
        return OnnxRuntimeEngine(path, threads=threads)


class OnnxRuntimeEngine:
    """One session, for pictures of every size; one after another, in fp32."""

    name = "onnxruntime"
    device = "cpu"
    precision = "fp32"

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        """Load a network.

        Args:
            path: of what `convert_to_onnx` wrote; not needed any more afterwards.
            threads: CPU threads; by default as many as this process has cores.
        """
        runtime = import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or available_cores()
        options.inter_op_num_threads = 1
        # Threads that wait by spinning take the cores of decoder and encoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what fails is told by an exception
        self._session = runtime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        properties = self._session.get_modelmeta().custom_metadata_map
        self._grid = ScoreGrid(**json.loads(properties["score_grid"]))
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._in_flight: deque[Future[NDArray[np.float32]]] = deque()
        self._busy = IntervalSum()
        self._waited = IntervalSum()
        prepare_kernel()

    def submit(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        sizes_hw: Sequence[tuple[int, int]],
    ) -> Pending:
        """Start the network on (h, w, 3) RGB pictures; see `Engine.submit`."""
        fetches = [self._start(picture).result for picture in pictures]
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
        self._worker.shutdown()

    def _start(self, picture: NDArray[np.uint8]) -> Future[NDArray[np.float32]]:
        while len(self._in_flight) >= _MAX_IN_FLIGHT:
            wait([self._in_flight.popleft()])
        future = self._worker.submit(self._run, picture)
        self._in_flight.append(future)
        return future

    def _run(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score a picture: (K, h8, w8)."""
        height, width = picture.shape[:2]
        if min(height, width) < self._grid.stride:  # onnxruntime would make up scores
            raise ModelError(
                f"the network failed: it scores every {self._grid.stride} pixels, and "
                f"a picture is {width}x{height}"
            )
        began = time.perf_counter()
        given = {"pictures": np.ascontiguousarray(picture)[None]}
        try:
            (scores,) = self._session.run(["scores"], given)
        except Exception as error:
            # onnxruntime's own errors have no common base but this one.
            raise ModelError(
                f"the network failed: {str(error).splitlines()[0]}"
            ) from error
        self._busy.add(began, time.perf_counter())
        found: NDArray[np.float32] = np.asarray(scores, np.float32)[0]
        return found
