"""Pictures on FFmpeg's CUDA device, read by everything that wants them on the host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_cuda import build_fake_cuda
from tests.nvdec import has_nvdec

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(has_nvdec(), reason="the real tests run here")
def test_every_reader_sees_the_same_on_the_device(tmp_path: Path) -> None:
    """In a process of its own, with a driver whose device memory is the host's."""
    if not build_fake_cuda(tmp_path):
        missing = "no C compiler, see .ci/run, or no FFmpeg beside PyAV"
        assert not os.environ.get("CI"), missing
        pytest.skip(missing)

    done = subprocess.run(
        [sys.executable, "-m", "tests.stages.device_pictures", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    # FFmpeg finds no NVDEC behind the driver, and the log says so once.
    assert done.stderr.count("decoded in software, since NVDEC here does not") == 1
