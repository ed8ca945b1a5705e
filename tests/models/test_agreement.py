"""Every engine and precision at hand labels real frames as torch in fp32 does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskstream.models.card import DEFAULT_WEIGHTS
from maskstream.models.engines import open_engine
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.commands.real_pictures import pick_pictures
from maskstream.pipeline.errors import ConfigError

pytestmark = pytest.mark.slow

CLIP = Path(__file__).parents[3] / "shared" / "clips" / "highway_720p.mp4"

_LEAST = {
    ("torch", "bf16"): 0.995,
    ("openvino", "fp32"): 0.999,
    ("openvino", "bf16"): 0.995,
    ("openvino", "int8"): 0.98,
    ("onnxruntime", "fp32"): 0.999,
}


def label(
    engine: str, precision: str, pictures: list[NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """Label with the embedded weights; (N, h, w) class ids."""
    weights = WeightsFile.find(DEFAULT_WEIGHTS)
    with closing(open_engine(weights, engine=engine, precision=precision)) as one:
        labels = [one.submit([each], [each.shape[:2]]).labels()[0] for each in pictures]
    return np.stack(labels)


@pytest.fixture(scope="module")
def pictures() -> list[NDArray[np.uint8]]:
    """Frames of a motorway."""
    if not CLIP.is_file():
        pytest.skip("no ../shared/clips beside the checkout")
    return pick_pictures(str(CLIP), 4)


@pytest.fixture(scope="module")
def wanted(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """What torch says in fp32; on the CPU, or on the device that is here."""
    return label("torch", "fp32", pictures)


@pytest.mark.parametrize(("engine", "precision"), list(_LEAST))
def test_labels_agree_with_fp32(
    engine: str,
    precision: str,
    pictures: list[NDArray[np.uint8]],
    wanted: NDArray[np.uint8],
) -> None:
    """At least .995 in half precision and .98 in 8 bits."""
    try:
        labels = label(engine, precision, pictures)
    except ConfigError as error:
        pytest.skip(f"not to be had here: {error}")

    assert (labels == wanted).mean() >= _LEAST[engine, precision]
