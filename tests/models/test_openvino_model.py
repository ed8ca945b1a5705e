"""OpenVINO as it is imported here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
