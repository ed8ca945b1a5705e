"""Which setting makes the dearest part cheaper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from maskstream.bench.costs import Spread, spreads
from maskstream.bench.networks import NetworkCost
from maskstream.stages.codecs import CODECS

__all__ = ["advise"]

_GAIN = 0.95  # less than a twentieth is no reason to change a setting

_SMALLER = "it grows with the picture: a camera's second, smaller stream is cheaper"
_KNOBS = {
    "decode": _SMALLER,
    "preprocess": _SMALLER,
    "finish": _SMALLER,
    "mask": "leave mask out, or write records",
    "images": "mask writes the same class ids with less work than mask_images",
}
_SWITCHES = {
    "annotate": ("overlay", ("legend", "contours"), "paint"),
    "records": ("record", ("rle", "objects"), "find"),
}


def advise(
    part: str,
    is_of_cores: bool,
    networks: Sequence[NetworkCost],
    settings: Mapping[str, Any],
) -> str:
    """Say how ``part`` could cost less, of the cores or of the clock.

    ``settings`` are overlay, video and record of a configuration, with the defaults.
    """
    if part == "network":
        return _of_network(networks, is_of_cores)
    told = _KNOBS.get(part)
    if part == "encode":
        told = _of_encoder(**settings["video"])
    elif part in _SWITCHES:
        section, names, work = _SWITCHES[part]
        is_on = [
            f"{section}.{name}: false" for name in names if settings[section][name]
        ]
        told = f"{' and '.join(is_on)} would leave less to {work}" if is_on else None
    return told or f"no setting makes {part} cheaper"


def _of_encoder(codec: str, preset: str | None, **_: object) -> str | None:
    if codec.endswith("_nvenc"):
        return None
    if codec != "h264":
        return "video.codec: h264 encodes with less work, into larger files"
    if (preset or CODECS[codec].options["preset"]) != "ultrafast":
        return "video.preset: ultrafast encodes with less work, into larger files"
    return "video.codec: h264_nvenc leaves it to a GPU that can encode"


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
