from __future__ import annotations

import pytest
import torch

from maskstream.models.architecture import Upsampling
from maskstream.models.build import build_model
from maskstream.models.upscore import Deconvolution, bilinear_kernel
from tests.models.networks import NUM_CLASSES, narrow_paper_fcn, tiny_fcn


@pytest.mark.parametrize(
    ("name", "num_last"), [("fcn8s", 16), ("fcn16s", 32), ("fcn32s", 64)]
)
def test_the_paper_forms_have_the_published_parameters(
    name: str, num_last: int
) -> None:
    """134.5 million: fcn8s-heavy-pascal.caffemodel holds this many numbers."""
    with torch.device("meta"):
        fixed = build_model(f"{name}-vgg16-paper", 21)
        learned = build_model(f"{name}-vgg16-paper,upsampling=learned-all", 21)

    def count(model: torch.nn.Module) -> int:
        return sum(p.numel() for p in model.parameters())

    assert count(learned) - count(fixed) == 21 * 21 * num_last**2
    if name == "fcn8s":
        assert count(learned) == 134_489_759


@pytest.mark.parametrize("size_hw", [(360, 480), (288, 512), (65, 97), (1, 1)])
@pytest.mark.parametrize("stride", [8, 16, 32])
@pytest.mark.parametrize("head", ["lecture", "slim", "lecture,relu=no"])
def test_any_size_is_scored(head: str, stride: int, size_hw: tuple[int, int]) -> None:
    """Sizes that do not divide by 32, such as CamVid's 360 rows, are no exception."""
    model = tiny_fcn(f"fcn{stride}s-vgg16-{head}")

    with torch.inference_mode():
        scores = model(torch.rand(1, 3, *size_hw) * 255)

    height, width = (-(-side // stride) for side in size_hw)
    assert scores.shape == (1, NUM_CLASSES, height, width)


@pytest.mark.parametrize("upsampling", Upsampling)
@pytest.mark.parametrize("head", ["paper", "slim"])
def test_every_upsampling_keeps_its_place(head: str, upsampling: Upsampling) -> None:
    """Where skips say nothing, a bright left half scores on the left of the picture."""
    name = f"fcn8s-vgg16-{head},upsampling={upsampling.value}"
    model = narrow_paper_fcn(name) if head == "paper" else tiny_fcn(name)

    with torch.inference_mode():
        scores = model(torch.rand(1, 3, 64, 96) * 255)
        height, width = scores.shape[2:]
        places = model.score_grid.positions(96, 96)

    assert height > model.score_grid.positions(64, 64).max() - 1
    assert width > places.max() - 1
    assert places.min() > -1


def test_what_lies_below_and_to_the_right_is_the_mean_colour() -> None:
    """A size that does not divide by 32 is scored as if mean pixels followed."""
    model = tiny_fcn("fcn8s-vgg16-slim")
    pictures = torch.rand(1, 3, 40, 56) * 255
    extended = model.backbone.mean.expand(1, 3, 64, 64).clone()
    extended[:, :, :40, :56] = pictures

    with torch.inference_mode():
        scores, expected = model(pictures), model(extended)[:, :, :5, :7]

    torch.testing.assert_close(scores, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fcn8s-lite0-slim", "fcn8s-vgg16-slim"])
def test_every_light_network_takes_camvid_pictures(name: str) -> None:
    """Real trunks give features at the strides that the head expects."""
    model = build_model(name, 11).eval()

    with torch.inference_mode():
        scores = model(torch.rand(1, 3, 360, 480) * 255)

    assert scores.shape == (1, 11, 45, 60)


def test_upsampling_layers_start_bilinear() -> None:
    """Constant scores stay constant inside, and classes do not mix."""
    layer = Deconvolution(2, 4, 2, 1, learned=True)
    scores = torch.stack([torch.ones(4, 4), torch.zeros(4, 4)])[None]

    with torch.inference_mode():
        upsampled = layer(scores)[:, :, 1:-1, 1:-1]

    assert upsampled[:, 0].eq(1).all()
    assert upsampled[:, 1].eq(0).all()


def test_fixed_upsampling_is_not_learned() -> None:
    """The release sets the rate of its deconvolutions to zero."""
    model = tiny_fcn("fcn8s-vgg16-lecture,upsampling=fixed")

    assert not model.upscore2.weight.requires_grad


@pytest.mark.parametrize("size", [3, 4, 16, 32, 63, 64])
def test_the_bilinear_kernel_follows_the_release(size: int) -> None:
    """Each weight is the formula of upsample_filt in the release's surgery.py."""
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 == 1 else factor - 0.5
    expected = [
        [
            (1 - abs(row - centre) / factor) * (1 - abs(column - centre) / factor)
            for column in range(size)
        ]
        for row in range(size)
    ]

    torch.testing.assert_close(bilinear_kernel(size), torch.tensor(expected))
