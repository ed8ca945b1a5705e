"""Ultralytics' streaming predict, as a pipeline to compare with.

The network is its own yolo11n-seg, made from its YAML with random weights: it finds
next to nothing, so that what it would take to draw and to suppress is hardly counted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["YOLO_CONFIG_DIR"] = str(Path(sys.argv[2]).parent)  # not the user's own
os.environ["YOLO_OFFLINE"] = "true"
os.environ["YOLO_AUTOINSTALL"] = "false"

from ultralytics import YOLO

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers.timed import timed


def main(clip: str, output: str, _model_name: str) -> None:
    """Predict on ``clip``, and save the video beside ``output``."""
    place = Path(output)
    model = YOLO("yolo11n-seg.yaml")
    with timed() as frames:
        results = model.predict(
            source=clip,
            stream=True,
            save=True,
            imgsz=512,
            device="cpu",
            verbose=False,
            project=str(place.parent),
            name=place.stem,
            exist_ok=True,
        )
        for _ in results:
            frames.count += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
