"""Which setting makes the dearest part cheaper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from maskstream.bench.costs import Spread, spreads
from maskstream.bench.networks import NetworkCost

__all__ = ["advise"]

_GAIN = 0.95  # less than a twentieth is no reason to change a setting

_KNOBS = {
    "decode": "it grows with the picture: a camera's second, smaller stream is cheaper",
    "preprocess": "it grows with the picture: a camera's second, smaller stream is "
    "cheaper",
    "finish": "it grows with the picture: a camera's second, smaller stream is cheaper",
    "annotate": "overlay.legend: false and overlay.contours: false leave less to paint",
    "encode": "video.preset: ultrafast encodes with less work, into larger files; "
    "video.codec: h264_nvenc leaves it to a GPU",
    "mask": "leave mask out, or write records",
    "images": "mask writes the same class ids with less work than mask_images",
    "records": "record.rle: false and record.objects: false leave less to find",
}


def advise(
    part: str,
    is_of_cores: bool,
    networks: Sequence[NetworkCost],
    settings: Mapping[str, Any],
) -> str:
    """Say how ``part`` could cost less, of the cores or of the clock."""
    if part == "network":
        return _of_network(networks, is_of_cores)
    if part == "encode" and settings["video"].get("preset") == "ultrafast":
        return "video.codec: h264_nvenc leaves encoding to a GPU"
    return _KNOBS.get(part, f"no setting makes {part} cheaper")


def _of_network(networks: Sequence[NetworkCost], is_of_cores: bool) -> str:
    def spread(one: NetworkCost) -> Spread:
        ms, core_ms = spreads(one.rounds)
        return core_ms if is_of_cores else ms

    def cost(one: NetworkCost) -> float:
        return spread(one).median

    kind = "core-ms" if is_of_cores else "ms"
    chosen = next(one for one in networks if one.is_chosen)

    def find(fits: Callable[[NetworkCost], bool]) -> NetworkCost | None:
        cheaper = [
            one
            for one in networks
            if fits(one)
            and spread(one).most < spread(chosen).least
            and cost(one) < _GAIN * cost(chosen)
        ]
        return min(cheaper, key=cost, default=None)

    now = f"instead of {cost(chosen):.1f} {kind} a frame"
    same = find(lambda one: one.variant.size_hw == chosen.variant.size_hw)
    if same is not None:
        way = same.variant
        return (
            f"model.engine: {way.engine} with model.precision: {way.precision} and "
            f"batch.max_size: {way.batch} takes {cost(same):.1f} {now}"
        )
    smaller = find(lambda one: one is not chosen)
    if smaller is not None:
        height, width = smaller.variant.size_hw
        return (
            f"model.size: {width}x{height} takes {cost(smaller):.1f} {now}, for "
            "coarser masks"
        )
    return "a smaller model, or a GPU: nothing that was tried here is cheaper"
