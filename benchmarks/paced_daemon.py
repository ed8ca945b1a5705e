"""The daemon with a network that knows nothing and takes 200 ms a picture.

python benchmarks/paced_daemon.py serve CONFIG
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

from maskstream.pipeline.cli import main
from tests.engines import PacedEngine

BATCH_S = 0.2

if __name__ == "__main__":
    with patch(
        "maskstream.server.daemon.open_engine",
        lambda *_, **__: PacedEngine(BATCH_S),
    ):
        main()
