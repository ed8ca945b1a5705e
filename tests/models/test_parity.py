"""The paper's forms against the published descriptions of the release."""

from __future__ import annotations

import pytest
import torch

from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.models.importing import save_imported
from maskstream.models.upscore import bilinear_kernel
from maskstream.models.weights import load_weights
from tests.models.networks import NUM_CLASSES, narrow_paper_fcn
from tests.models.released import Weights, assert_same, released_scores
from tests.models.weight_files import NUM_VOC, learnt, narrow_vgg, pytorch_fcn, read

SIZES_HW = [(1, 1), (32, 32), (65, 97), (100, 75)]


def in_the_words_of_the_release(model: FCN) -> Weights:
    """Name the weights of a network as the release does; its last step is bilinear."""
    last = {8: "upscore8", 16: "upscore16", 32: "upscore"}[model.stride]
    kernel = bilinear_kernel(2 * model.stride)
    weights = {f"{last}.weight": torch.eye(NUM_CLASSES)[:, :, None, None] * kernel}
    for name, tensor in model.state_dict().items():
        theirs = name.removeprefix("backbone.").replace(".0.", ".")
        weights[theirs.replace("upscore.", f"{last}.")] = tensor
    return weights


@pytest.mark.slow
@pytest.mark.parametrize("size_hw", SIZES_HW)
@pytest.mark.parametrize(
    "name",
    [
        "fcn32s-vgg16-paper",
        "fcn16s-vgg16-paper",
        "fcn8s-vgg16-paper",
        "fcn8s-atonce-vgg16-paper",
        "fcn32s-vgg16-paper,upsampling=learned-all",
        "fcn16s-vgg16-paper,upsampling=learned-all",
        "fcn8s-vgg16-paper,upsampling=learned-all",
    ],
)
def test_the_paper_form_is_the_released_network(
    name: str, size_hw: tuple[int, int]
) -> None:
    """In its colours scores differ by rounding, and every pixel has the same label."""
    model = narrow_paper_fcn(f"{name},colours=fcn")
    weights = in_the_words_of_the_release(model)
    pictures = torch.rand(1, 3, *size_hw) * 255

    with torch.inference_mode():
        expected = released_scores(
            weights, pictures, model.stride, at_once="atonce" in name
        )
        full = upsample_scores(model(pictures), model.score_grid, size_hw)

    assert_same(full, expected)


@pytest.fixture(scope="module", params=["32s", "16s", "8s", "8s-atonce"])
def imported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Weights, FCN, bool]:
    """Write pytorch-fcn's file of a form, import it, and load what was written."""
    stride, _, option = request.param.partition("s")
    by_hand = f"fcn8s{option}-vgg16-paper" if option else None
    folder = tmp_path_factory.mktemp(request.param)
    output = folder / "ours.safetensors"
    with narrow_vgg():
        weights = learnt(pytorch_fcn(int(stride)))
        save_imported(read(weights, folder, model=by_hand), output)
        model, _ = load_weights(output)
    return weights, model, bool(option)


@pytest.mark.slow
@pytest.mark.parametrize("size_hw", SIZES_HW)
@torch.inference_mode()
def test_a_file_of_pytorch_fcn_gives_the_scores_of_the_release(
    imported: tuple[Weights, FCN, bool], size_hw: tuple[int, int]
) -> None:
    """From every tensor of the file, on a narrow trunk, to scores of full size."""
    weights, model, is_at_once = imported
    pictures = torch.rand(1, 3, *size_hw) * 255

    expected = released_scores(weights, pictures, model.stride, at_once=is_at_once)
    full = upsample_scores(model(pictures), model.score_grid, size_hw)

    assert full.shape == (1, NUM_VOC, *size_hw)
    assert_same(full, expected)
