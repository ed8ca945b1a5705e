"""Datagrams that are lost: what is damaged is not shown, and is counted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.root]

SCRIPT = Path(__file__).parent / "lossy_network.py"


@pytest.mark.parametrize(("percent", "num_frames"), [(3, 60), (10, 5)])
def test_loss_costs_what_it_damaged(percent: int, num_frames: int) -> None:
    """Frames go on, none of them damaged, after the next whole keyframe."""
    if shutil.which("nft") is None:
        assert not os.environ.get("CI"), "nftables is not installed, see .ci/run"
        pytest.skip("nftables is not installed")

    done = subprocess.run(
        ["unshare", "--net", sys.executable, SCRIPT, str(percent), str(num_frames)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["damaged"] == 0
    assert told["decoded"] == told["frames"] + told["dropped"]
    # The last one may be that at which the watch was stopped.
    assert told["notes"]["corrupt_frames"] - told["dropped"] in {0, 1}
    assert told["dropped"] > 0
    assert told["notes"]["wait_keyframe"] > 0
    assert told["events"] == ["connecting", "up 320x240"]
