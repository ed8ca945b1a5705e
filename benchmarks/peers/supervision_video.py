"""supervision's process_video with the same weights: a mask for each class."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import supervision as sv
import torch
import torch.nn.functional as F

from maskstream.models.weights import load_weights
from maskstream.stages.network_input import network_size

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers.timed import timed


def main(clip: str, output: str, model_name: str) -> None:
    """Segment ``clip`` into ``output``."""
    model, card = load_weights(model_name)
    colours = [sv.Color(*map(int, one)) for one in card.classes.colours]
    annotator = sv.MaskAnnotator(
        color=sv.ColorPalette(colours), opacity=0.45, color_lookup=sv.ColorLookup.CLASS
    )
    with torch.inference_mode(), timed() as frames:

        def segment(picture: Any, _: int) -> Any:
            height, width = picture.shape[:2]
            size_hw = network_size(height, width)
            small = cv2.resize(picture, size_hw[::-1])
            rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
            pixels = torch.from_numpy(rgb).permute(2, 0, 1)[None].float()
            with torch.inference_mode():  # a thread of its own may call
                scores = model(pixels)
                at_input = F.interpolate(scores, size_hw, mode="bilinear")
                labels_small = at_input.argmax(1)[0].byte().numpy()
            labels = cv2.resize(
                labels_small, (width, height), interpolation=cv2.INTER_NEAREST
            )
            present = np.unique(labels)
            masks = labels[None] == present[:, None, None]  # (n, H, W)
            detections = sv.Detections(
                xyxy=sv.mask_to_xyxy(masks), mask=masks, class_id=present.astype(int)
            )
            frames.count += 1
            return annotator.annotate(picture.copy(), detections)

        sv.process_video(source_path=clip, target_path=output, callback=segment)


if __name__ == "__main__":
    main(*sys.argv[1:])
