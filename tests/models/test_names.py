from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskstream.models.architecture import Architecture, Head, Upsampling
from maskstream.models.backbones import Colours
from maskstream.models.build import build_model
from maskstream.pipeline.errors import ModelError

architectures = st.builds(
    Architecture,
    stride=st.sampled_from([8, 16]),
    backbone=st.sampled_from(["vgg16", "lite0", "timm:resnet18"]),
    head=st.sampled_from([Head.PAPER, Head.LECTURE, Head.SLIM]),
    at_once=st.booleans(),
    upsampling=st.sampled_from(Upsampling),
    relu=st.booleans(),
    colours=st.sampled_from([None, *Colours]),
).filter(lambda one: one.relu or one.head is not Head.SLIM)


@given(architectures)
def test_a_name_says_all(architecture: Architecture) -> None:
    """Reading the name of an architecture gives the architecture."""
    assert Architecture.parse(str(architecture)) == architecture


def test_defaults_are_not_spelt_out() -> None:
    """Usual networks have short names."""
    usual = Architecture(stride=8, backbone="vgg16", head=Head.PAPER)

    assert str(usual) == "fcn8s-vgg16-paper"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("xyz", "no model is named 'xyz'; .* such as fcn8s-vgg16-paper"),
        ("fcn4s-vgg16-paper", "no model is named"),
        ("fcn8s-vgg16-papre", "head must be one of paper, lecture, slim"),
        ("fcn8s-vgg16-paper,relu=maybe", "relu must be yes or no, got 'maybe'"),
        ("fcn8s-vgg16-paper,upsampling=cubic", "upsampling must be one of learned"),
        ("fcn8s-vgg16-paper,depth=3", "no option is named 'depth'; known are"),
        ("fcn32s-atonce-vgg16-paper", "no skips that could be learnt at once"),
        ("fcn32s-vgg16-paper,upsampling=unpool", "unpool .* fcn32s has none"),
        ("fcn32s-vgg16-slim,upsampling=nails", "nails .* fcn32s has none"),
        ("fcn32s-lite0-slim,upsampling=nearest", "nearest .* fcn32s has none"),
        ("fcn8s-vgg16-slim,relu=no", "slim head has no fc6 and fc7 without ReLU"),
        ("fcn8s-vgg16-paper,relu=no,relu=yes", "relu is said 2 times"),
        ("fcn16s-resnet50-torchvision", "torchvision's head has one form"),
    ],
)
def test_what_cannot_be_built_is_refused(name: str, message: str) -> None:
    """One sentence says what was wrong and what would be right."""
    with pytest.raises(ModelError, match=message):
        build_model(name, 11)
