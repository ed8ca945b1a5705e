"""What a run costs beside its frames: libraries and memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import make_clip

pytestmark = pytest.mark.slow

RUN = """
import sys
from maskstream.pipeline.cli import main
try:
    main()
except SystemExit as end:
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    megabytes = int(status["VmHWM"].split()[0]) // 1024
    print("figures", end.code, "torch" in sys.modules, megabytes)
"""


def test_a_run_on_the_cpu_loads_no_torch_and_stays_small(tmp_path: Path) -> None:
    """The network runs in under 800 MB, at the size of a common camera."""
    clip = make_clip(tmp_path / "in.mp4", frames=30, size_hw=(720, 1280))
    arguments = ["run", str(clip), "-o", str(tmp_path / "out.mp4"), "--device", "cpu"]

    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )

    figures = done.stdout.splitlines()[-1].split()
    assert figures[:3] == ["figures", "0", "False"]
    assert int(figures[3]) < 800
