"""The paper's forms against the published descriptions of the release.

Built layer by layer from voc-fcn*/train.prototxt, with its names, which are those of
pytorch-fcn too: pooling rounds up, deconvolutions are dense and unpadded, crops are 19;
5 and 27; 5, 9 and 31.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.models.importing import save_imported
from maskstream.models.upscore import bilinear_kernel
from maskstream.models.weights import load_weights
from tests.models.networks import NUM_CLASSES, narrow_paper_fcn
from tests.models.weight_files import NUM_VOC, learnt, narrow_vgg, pytorch_fcn, read

SIZES_HW = [(1, 1), (32, 32), (65, 97), (100, 75)]
MEAN_BGR = 104.00699, 116.66877, 122.67892  # voc-fcn*/net.py

Weights = dict[str, Tensor]


def released_scores(
    weights: Weights, pictures: Tensor, stride: int, *, at_once: bool = False
) -> Tensor:
    """Compute what a released network gives, to full size."""
    x = pictures[:, [2, 1, 0]] - torch.tensor(MEAN_BGR)[:, None, None]
    pools = []
    for block, num_convs in enumerate((2, 2, 3, 3, 3), start=1):
        for index in range(1, num_convs + 1):
            padding = 100 if (block, index) == (1, 1) else 1
            x = conv(weights, f"conv{block}_{index}", x, padding).relu()
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pools.append(x)
    x = conv(weights, "fc7", conv(weights, "fc6", x).relu()).relu()
    score = conv(weights, "score_fr", x)
    if stride == 32:
        return last_step(weights, "upscore", score, 32, 19, pictures)
    pool4 = pools[3] * 0.01 if at_once else pools[3]
    upscore2 = F.conv_transpose2d(score, weights["upscore2.weight"], stride=2)
    skip = conv(weights, "score_pool4", pool4)
    score = upscore2 + crop(skip, 5, upscore2)
    if stride == 16:
        return last_step(weights, "upscore16", score, 16, 27, pictures)
    pool3 = pools[2] * 0.0001 if at_once else pools[2]
    upscore4 = F.conv_transpose2d(score, weights["upscore_pool4.weight"], stride=2)
    skip = conv(weights, "score_pool3", pool3)
    score = upscore4 + crop(skip, 9, upscore4)
    return last_step(weights, "upscore8", score, 8, 31, pictures)


def conv(weights: Weights, name: str, x: Tensor, padding: int = 0) -> Tensor:
    """Apply a convolution by its name."""
    return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], 1, padding)


def crop(x: Tensor, margin: int, like: Tensor) -> Tensor:
    """Cut a margin at the top left, and the rest to the size of another."""
    height, width = like.shape[2:]
    return x[:, :, margin : margin + height, margin : margin + width]


def last_step(
    weights: Weights, name: str, score: Tensor, stride: int, margin: int, like: Tensor
) -> Tensor:
    """Deconvolve to full size."""
    full = F.conv_transpose2d(score, weights[f"{name}.weight"], stride=stride)
    return crop(full, margin, like)


def in_the_words_of_the_release(model: FCN) -> Weights:
    """Name the weights of a network as the release does; its last step is bilinear."""
    last = {8: "upscore8", 16: "upscore16", 32: "upscore"}[model.stride]
    kernel = bilinear_kernel(2 * model.stride)
    weights = {f"{last}.weight": torch.eye(NUM_CLASSES)[:, :, None, None] * kernel}
    for name, tensor in model.state_dict().items():
        theirs = name.removeprefix("backbone.").replace(".0.", ".")
        weights[theirs.replace("upscore.", f"{last}.")] = tensor
    return weights


def assert_same(found: Tensor, expected: Tensor) -> None:
    """Let scores differ by rounding, and no pixel have another label."""
    assert found.shape == expected.shape
    assert (found - expected).norm() <= 1e-5 * expected.norm()
    assert found.argmax(1).equal(expected.argmax(1))


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
