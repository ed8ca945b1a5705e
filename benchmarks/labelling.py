"""Time ways to label a frame from the network's scores.

    python benchmarks/labelling.py [--size 512x288] [--frame 960x540] [--model NAME]

They take turns, round after round, and the best round of each counts: another load on
the machine then disturbs all of them alike. CPU milliseconds are summed over all
threads. The network itself is measured by ``maskstream bench``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from functools import partial

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from maskstream.models.build import build_model
from maskstream.models.upsample import labels_from_scores, labels_from_scores_torch

_NUM_CLASSES = 11


def main() -> None:
    """Print a table."""
    arguments = _parse()
    width, height = arguments.size
    frame_width, frame_height = arguments.frame
    torch.manual_seed(0)
    network = build_model(arguments.model, _NUM_CLASSES).eval()
    rng = np.random.default_rng(0)
    frame_hw = frame_height, frame_width

    print(f"{'labelling alone':24}{'ms a frame':>14}{'CPU ms':>10}")
    where = network.score_grid, (height, width), *frame_hw
    for title, blur in (("noise", 0.0), ("street-like", 4.0)):
        scores = _make_scores(rng, blur, height // 8, width // 8)
        batch = torch.from_numpy(scores)[None]
        _print_best(
            {
                f"{title}, kernel": partial(labels_from_scores, scores, *where),
                f"{title}, torch": partial(labels_from_scores_torch, batch, *where),
                f"{title}, interpolate": partial(_interpolate, batch, frame_hw),
            },
            arguments.rounds,
        )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="fcn8s-lite0-slim")
    parser.add_argument("--size", type=_size, default=(512, 288), metavar="WxH")
    parser.add_argument("--frame", type=_size, default=(960, 540), metavar="WxH")
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


def _interpolate(scores: Tensor, frame_hw: tuple[int, int]) -> Tensor:
    """Label by way of full-size scores, as one would without the fused step."""
    return F.interpolate(scores, frame_hw, mode="bilinear").argmax(1)


def _make_scores(
    rng: np.random.Generator, blur: float, height: int, width: int
) -> NDArray[np.float32]:
    """Make a random (K, height, width) map; the more blur, the larger its regions."""
    scores = rng.standard_normal((_NUM_CLASSES, height, width)).astype(np.float32)
    if blur:
        scores = np.stack([cv2.GaussianBlur(one, (0, 0), blur) for one in scores])
    return scores


def _print_best(
    work: Mapping[str, Callable[[], object]], rounds: int, per: int = 1
) -> None:
    """Run each in turn, and print the least time and CPU time that it took."""
    best = {name: (float("inf"), float("inf")) for name in work}
    for _ in range(rounds):
        for name, call in work.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            best[name] = min(best[name][0], wall), min(best[name][1], cpu)
    for name, (wall, cpu) in best.items():
        print(f"{name:24}{wall / per * 1e3:14.2f}{cpu / per * 1e3:10.2f}")


if __name__ == "__main__":
    main()
