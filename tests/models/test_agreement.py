"""Every engine and precision at hand labels real frames as torch in fp32 does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskstream.models.card import DEFAULT_WEIGHTS
from maskstream.models.engines import open_engine
from maskstream.models.engines.select import Machine
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.commands.real_pictures import pick_pictures
from tests.required import need_module

pytestmark = pytest.mark.slow

STREET = "sample:street"
MOTORWAY = Path(__file__).parents[3] / "shared" / "clips" / "highway_720p.mp4"


def label(
    engine: str, precision: str, pictures: list[NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """Label with the embedded weights; (N, h, w) class ids."""
    weights = WeightsFile.find(DEFAULT_WEIGHTS)
    with closing(open_engine(weights, engine=engine, precision=precision)) as one:
        labels = [one.submit([each], [each.shape[:2]]).labels()[0] for each in pictures]
    return np.stack(labels)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_every_engine_agrees_in_fp32(engine: str) -> None:
    """On the street that the network is least sure of."""
    if engine == "onnxruntime":
        need_module(engine)
    pictures = pick_pictures(STREET, 4)

    labels = label(engine, "fp32", pictures)

    assert (labels == label("torch", "fp32", pictures)).mean() >= 0.999


def on_both_clips(on_street: float, on_motorway: float) -> pytest.MarkDecorator:
    """Try the street, and the motorway where it is at hand, each with its bound."""
    is_away = pytest.mark.skipif(
        not MOTORWAY.is_file(), reason="no ../shared/clips at hand"
    )
    motorway = pytest.param(str(MOTORWAY), on_motorway, id="motorway", marks=is_away)
    street = pytest.param(STREET, on_street, id="street")
    return pytest.mark.parametrize(("clip", "agreement"), [street, motorway])


@on_both_clips(0.97, 0.995)
@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_half_precision_agrees_with_fp32(
    engine: str, clip: str, agreement: float
) -> None:
    """On a street that the weights are less sure of, less (docs/engines.md)."""
    machine = Machine.look()
    known = {
        "torch": machine.torch_cpu_precisions,
        "openvino": machine.openvino_precisions,
    }
    if "bf16" not in known[engine]:
        pytest.skip("this CPU computes in fp32 alone")
    pictures = pick_pictures(clip, 4)

    labels = label(engine, "bf16", pictures)

    assert (labels == label("torch", "fp32", pictures)).mean() >= agreement


@on_both_clips(0.95, 0.98)  # .956 on the street without VNNI, .97 with it
def test_eight_bits_agree_with_fp32(clip: str, agreement: float) -> None:
    """The network that is shipped beside the embedded weights, of just these."""
    pictures = pick_pictures(clip, 4)

    labels = label("openvino", "int8", pictures)

    assert (labels == label("torch", "fp32", pictures)).mean() >= agreement
