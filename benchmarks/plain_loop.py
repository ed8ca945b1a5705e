"""The loop that people write first, with the same weights; prints figures as JSON."""

from __future__ import annotations

import json
import sys
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from maskstream.models.weights import DEFAULT_WEIGHTS, load_weights
from maskstream.stages.network_input import network_size


def main() -> None:
    """Segment ``argv[1]`` into ``argv[2]``."""
    model, card = load_weights(DEFAULT_WEIGHTS)
    palette = np.array(card.classes.colours, np.uint8)[:, ::-1]  # (K, 3) BGR
    capture = cv2.VideoCapture(sys.argv[1])
    writer = None
    frames = 0
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    with torch.inference_mode():
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
                    sys.argv[2],
                    cv2.VideoWriter.fourcc(*"mp4v"),
                    capture.get(cv2.CAP_PROP_FPS),
                    (width, height),
                )
            writer.write(blended)
            frames += 1
    if writer is not None:
        writer.release()
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    print(json.dumps({"frames": frames, "wall_s": wall_s, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
