"""What a network knows before its first step."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import nn

from maskstream.models.backbones import Colours
from maskstream.models.classes import ClassTable
from maskstream.models.fcn import FCN
from maskstream.models.weights import load_weights, read_backbone_weights
from maskstream.pipeline.errors import ModelError
from maskstream.training.config import TrainConfig

__all__ = ["prepare_start", "start_from"]

_logger = logging.getLogger(__name__)

_SCORES = "score_fr", "score_pool4", "score_pool3"


def prepare_start(model: FCN, config: TrainConfig, classes: ClassTable) -> None:
    """Load the weights that a run starts from into a new network for ``classes``.

    Layers that score start at zero, as in the original release, unless their weights
    are loaded: what is new in a deeper member of the family then says nothing at first.

    Raises:
        ModelError: weights are missing, do not fit or expect other colours.
    """
    for name in _SCORES:
        if hasattr(model, name):
            last = _last_convolution(model.get_submodule(name), name)
            _zero(model.get_submodule(last))
    if config.backbone_weights is not None:
        weights, colours = read_backbone_weights(config.backbone_weights)
        model.backbone.load_pretrained(weights)
        if colours is not None:
            _check_colours(f"{config.backbone_weights}: it", colours, model)
    if config.start is not None:
        new = start_from(model, config.start, classes)
        _logger.info("new beside %s: %s", config.start, ", ".join(new) or "nothing")


def start_from(model: FCN, path: Path, classes: ClassTable) -> list[str]:
    """Take from trained weights all that fits, and say what is new.

    Names are the same through the family, so 16s takes all of 32s and 8s all of 16s.
    Scores of other classes than ``classes``, and what upsamples them, do not fit, be
    they as many or not; the model's own stay as they are.

    Returns:
        Names of the model's layers that the weights do not hold.

    Raises:
        ModelError: the file cannot be loaded, or its backbone is another or expects
            other colours.
    """
    donor, card = load_weights(path)
    own, given = model.state_dict(), donor.state_dict()
    speak = () if card.classes.names == classes.names else _layers_of_classes(model)
    fits = {
        name: tensor
        for name, tensor in given.items()
        if name in own
        and own[name].shape == tensor.shape
        and name.rpartition(".")[0] not in speak
    }
    new = [name for name in own if name not in fits]
    missing = [name for name in new if name.startswith("backbone.")]
    if missing:
        raise ModelError(
            f"{path}: a run cannot start from {card.model}, which has another "
            f"backbone: {missing[0]} is missing or of another shape"
        )
    _check_colours(f"{path}: {card.model}", donor.backbone.colours, model)
    model.load_state_dict(own | fits)
    return list(dict.fromkeys(name.rpartition(".")[0] for name in new))


def _check_colours(donor: str, offered: Colours, model: FCN) -> None:
    """Refuse kernels that would have to be learnt anew."""
    wanted = model.backbone.colours
    if not wanted.fits(offered):
        raise ModelError(
            f"{donor} expects {offered.value} colours, the run's network "
            f"{wanted.value}; add ,colours={offered.value} to the name of the model"
        )


def _layers_of_classes(model: FCN) -> list[str]:
    """Name the layers that have a channel for each class."""
    scoring = [name for name in (*_SCORES, "auxiliary") if getattr(model, name, None)]
    layers = [_last_convolution(model.get_submodule(name), name) for name in scoring]
    upsampling = (name for name, _ in model.named_children() if "upscore" in name)
    return [*layers, *upsampling]


def _last_convolution(scoring: nn.Module, name: str) -> str:
    """Name what turns features into scores."""
    layers: list[str] = [
        layer
        for layer, part in scoring.named_modules(prefix=name)
        if isinstance(part, nn.Conv2d)
    ]
    return layers[-1]


@torch.no_grad()
def _zero(last: nn.Module) -> None:
    """Set a convolution that scores to zero."""
    assert isinstance(last, nn.Conv2d)
    last.weight.zero_()
    if last.bias is not None:
        last.bias.zero_()
