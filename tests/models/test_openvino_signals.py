from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]

_PROGRAM = """
import gc, signal
import numpy as np
from maskstream.models.engines import open_engine
from tests.models.test_engines import NearestColour

picture = np.zeros((64, 64, 3), np.uint8)
engines = [open_engine(NearestColour().eval(), engine="openvino") for _ in range(2)]
for engine in engines:
    engine.submit([picture], [(64, 64)]).labels()
del engine
while engines:
    engines.pop(0).close()
    gc.collect()
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.slow
def test_ctrl_c_is_handled_after_engines_were_closed() -> None:
    """OpenVINO lends threads a signal stack; without it a signal kills the process."""
    program = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=_ROOT, capture_output=True, text=True
    )

    assert program.stdout == "interrupted\n", program.stderr
    assert program.returncode == 0
