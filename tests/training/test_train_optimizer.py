from __future__ import annotations

import pytest
import torch

from maskstream.pipeline.errors import ConfigError
from maskstream.training.config import OptimizerConfig, ScheduleConfig
from maskstream.training.optimizer import build_optimizer, freeze, rate_at, set_rate
from tests.models.networks import TinyBackbone, tiny_fcn


def test_biases_learn_as_in_the_release() -> None:
    """Twice the rate and no decay; kernels once, with decay; deconvolutions not at all.

    lr_mult and decay_mult in train.prototxt of voc-fcn8s.
    """
    model = tiny_fcn("fcn8s-tiny-slim,upsampling=fixed")
    config = OptimizerConfig(
        kind="sgd", learning_rate=0.5, bias_factor=2, weight_decay=0.1
    )

    optimizer = build_optimizer(model, config)
    set_rate(optimizer, 0.5)

    told = {
        weights: (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for weights in group["params"]
    }
    assert told[model.score_fr.weight] == (0.5, 0.1)
    assert model.score_fr.bias is not None
    assert told[model.score_fr.bias] == (1.0, 0.0)
    assert model.upscore2.weight not in told


def test_a_release_step_is_worked_out_by_hand() -> None:
    """SGD with momentum .99 on a summed loss; decay is part of the gradient."""
    model = tiny_fcn("fcn32s-tiny-slim")
    weights, bias = model.score_fr.weight, model.score_fr.bias
    assert bias is not None
    before, bias_before = weights.detach().clone(), bias.detach().clone()
    config = OptimizerConfig(
        kind="sgd", learning_rate=0.1, bias_factor=2, momentum=0.99, weight_decay=0.5
    )
    optimizer = build_optimizer(model, config)
    set_rate(optimizer, 0.1)

    for _ in range(2):
        weights.grad, bias.grad = torch.ones_like(weights), torch.ones_like(bias)
        optimizer.step()

    first = before - 0.1 * (1 + 0.5 * before)
    velocity = 0.99 * (1 + 0.5 * before) + (1 + 0.5 * first)
    assert torch.allclose(weights, first - 0.1 * velocity, atol=1e-6)
    assert torch.allclose(bias, bias_before - 0.2 * (1 + 1.99), atol=1e-6)


def test_the_backbone_can_learn_more_slowly() -> None:
    """Its share of the rate is its own."""
    model = tiny_fcn("fcn32s-tiny-slim")

    optimizer = build_optimizer(model, OptimizerConfig(backbone_factor=0.1))
    set_rate(optimizer, 1.0)

    trunk = {id(weights) for weights in model.backbone.parameters()}
    for group in optimizer.param_groups:
        is_trunk = {id(weights) in trunk for weights in group["params"]}
        assert is_trunk == {group["lr"] == pytest.approx(0.1)}


def test_frozen_weights_stay_as_they_are() -> None:
    """Nothing is computed for them, and the optimizer does not know them."""
    model = tiny_fcn("fcn32s-tiny-slim")

    freeze(model, ["backbone.conv3", "backbone.conv4"])

    optimizer = build_optimizer(model, OptimizerConfig())
    learning = {
        id(each) for group in optimizer.param_groups for each in group["params"]
    }
    backbone = model.backbone
    assert isinstance(backbone, TinyBackbone)
    assert not backbone.conv3.weight.requires_grad
    assert id(backbone.conv4.bias) not in learning
    assert id(backbone.conv5.weight) in learning


def test_a_name_that_freezes_nothing_is_refused() -> None:
    """A slip would otherwise train what was to stay."""
    with pytest.raises(ConfigError, match=r"'conv3'; there are backbone\.conv3, .*"):
        freeze(tiny_fcn("fcn32s-tiny-slim"), ["conv3"])


def test_freezing_everything_is_refused() -> None:
    """A run that learns nothing is a slip."""
    with pytest.raises(ConfigError, match="nothing to learn"):
        freeze(tiny_fcn("fcn32s-tiny-slim"), [""])


@pytest.mark.parametrize(
    ("kind", "middle"), [("cosine", 0.5), ("poly", 0.5**0.9), ("constant", 1.0)]
)
def test_the_rate_rises_then_falls(kind: str, middle: float) -> None:
    """A line at first, then the schedule's own curve."""
    schedule = ScheduleConfig.model_validate({"kind": kind})

    assert rate_at(0, 100, 4, schedule) == pytest.approx(0.25)
    assert rate_at(50, 100, 4, schedule) == pytest.approx(middle)
    assert rate_at(99, 100, 4, schedule) < 0.02 or kind == "constant"
