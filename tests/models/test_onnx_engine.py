from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from maskstream.models.engines import open_engine
from tests.models.networks import NearestColour
from tests.required import need_module


@pytest.mark.parametrize("threads", [1, 3])
def test_onnxruntime_takes_no_more_threads(threads: int) -> None:
    """The session works on as many threads as it was given, the caller's among them."""
    need_module("onnxruntime")
    open_engine(NearestColour(), engine="onnxruntime", threads=1).close()  # torch's own
    before = num_threads()

    engine = open_engine(NearestColour(), engine="onnxruntime", threads=threads)
    with closing(engine):
        started = num_threads() - before

    assert started == threads - 1


def num_threads() -> int:
    """Count this process's threads, those of libraries among them."""
    return len(list(Path("/proc/self/task").iterdir()))
