"""OpenVINO as it is imported and kept here."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from maskstream.models.engines import open_engine
from tests.models.networks import NearestColour

# In a process of its own: the tests' own one looks without telemetry from the start.
CONVERT = """
import sys
from maskstream.models.engines import open_engine
from tests.models.networks import NearestColour
open_engine(NearestColour(), engine="openvino").close()
print(sys.modules["openvino_telemetry"])
"""


@pytest.mark.slow
def test_openvino_reports_to_nobody() -> None:
    """Its telemetry is never loaded, converting included."""
    done = subprocess.run(
        [sys.executable, "-c", CONVERT],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert done.stdout.strip() == "None"


@pytest.mark.slow
def test_pictures_of_too_many_sizes_are_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each is compiled for anew when its turn comes, which takes its time."""
    sizes_hw = [(64, 64 + 8 * index) for index in range(9)]
    engine = open_engine(NearestColour(), engine="openvino", precision="fp32")
    with closing(engine), caplog.at_level(logging.WARNING):
        for size_hw in [*sizes_hw[:8], *sizes_hw[:8]]:
            engine.submit([np.zeros((*size_hw, 3), np.uint8)], [size_hw]).labels()
        assert not caplog.records

        for size_hw in [*sizes_hw, *sizes_hw]:
            engine.submit([np.zeros((*size_hw, 3), np.uint8)], [size_hw]).labels()

    (told,) = (record.getMessage() for record in caplog.records)
    assert "more than 8 sizes" in told
