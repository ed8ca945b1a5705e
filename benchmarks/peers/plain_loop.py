"""The loop that people write first, with the same weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from maskstream.models.weights import load_weights
from maskstream.stages.network_input import network_size

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers.timed import timed


def main(clip: str, output: str, model_name: str) -> None:
    """Segment ``clip`` into ``output``."""
    model, card = load_weights(model_name)
    palette = np.array(card.classes.colours, np.uint8)[:, ::-1]  # (K, 3) BGR
    with torch.inference_mode(), timed() as frames:
        capture = cv2.VideoCapture(clip)
        writer: Any = None
        while True:
            is_there, picture = capture.read()  # (H, W, 3) BGR
            if not is_there:
                break
            height, width = picture.shape[:2]
            size_hw = network_size(height, width)
            small = cv2.resize(picture, size_hw[::-1])
            rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
            pixels = torch.from_numpy(rgb).permute(2, 0, 1)[None].float()
            scores = model(pixels)
            at_input = F.interpolate(scores, size_hw, mode="bilinear")
            labels_small = at_input.argmax(1)[0].byte().numpy()  # (h, w)
            labels = cv2.resize(  # Quicker than scores at full size, and coarser.
                labels_small, (width, height), interpolation=cv2.INTER_NEAREST
            )
            blended = cv2.addWeighted(picture, 0.55, palette[labels], 0.45, 0)
            if writer is None:
                writer = cv2.VideoWriter(
                    output,
                    cv2.VideoWriter.fourcc(*"mp4v"),
                    capture.get(cv2.CAP_PROP_FPS),
                    (width, height),
                )
            writer.write(blended)
            frames.count += 1
        if writer is not None:
            writer.release()


if __name__ == "__main__":
    main(*sys.argv[1:])
