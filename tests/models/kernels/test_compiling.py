"""The Triton kernels become machine code, also where no GPU is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.required import need_module

need_module("triton")


@pytest.mark.slow
def test_every_kernel_compiles_for_a_hopper_gpu(tmp_path: Path) -> None:
    """What only the interpreter takes would fail on the first machine with a GPU."""
    without = {key: os.environ[key] for key in os.environ if key != "TRITON_INTERPRET"}

    ended = subprocess.run(
        [sys.executable, "-m", "tests.models.kernels.compile_kernels"],
        env={**without, "TRITON_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == 8
