"""Weights in and out: safetensors with a model card in the metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from maskstream.models.backbones import Colours
from maskstream.models.build import build_model
from maskstream.models.card import (
    CONVERTED,
    DEFAULT_WEIGHTS,
    ModelCard,
    embedded_models,
    find_weights,
    has_card,
    read_card,
    read_metadata,
)
from maskstream.models.fcn import FCN
from maskstream.models.replacing import replacing
from maskstream.pipeline.errors import ModelError

__all__ = [
    "DEFAULT_WEIGHTS",
    "ModelCard",
    "embedded_models",
    "find_weights",
    "has_card",
    "load_weights",
    "read_backbone_weights",
    "read_card",
    "save_weights",
    "write_weights",
]

_HALF_ERROR = 2**-10  # relative; rounding to 11 bits makes at most half of it


def save_weights(path: Path, model: FCN, card: ModelCard) -> None:
    """Write a network's weights, with the card as metadata; see `write_weights`."""
    card = replace(card, preprocessing=model.backbone.colours.description)
    write_weights(path, model.state_dict(), {"model_card": card.to_json()})


def write_weights(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write tensors as fp16 wherever that keeps them.

    Raises:
        SinkError: the file cannot be written; one of that name is kept.
    """
    halved = {name: _halve(tensor.detach()) for name, tensor in tensors.items()}
    with replacing(path) as part:
        part.write_bytes(save(halved, metadata=dict(metadata)))


def load_weights(where: str | Path) -> tuple[FCN, ModelCard]:
    """Load a network, ready to label.

    Args:
        where: the name of embedded weights, a file, or what `locate_weights` fetches.

    Returns:
        The network in fp32 on the CPU, in evaluation mode, and its card.

    Raises:
        ModelError: if the file is missing, is no safetensors file with a card, or holds
            the weights of another network, or what is no number.
    """
    path = find_weights(where)
    card = read_card(path)
    if path.suffix == CONVERTED:
        raise ModelError(
            f"{path}: a network that was converted runs in openvino alone; give the "
            "weights that it was made of"
        )
    model = build_model(card.model, len(card.classes))
    tensors = _read_tensors(path)
    _check_same_tensors(path, card.model, model.state_dict(), tensors)
    _check_finite(path, tensors)
    model.load_state_dict(tensors)
    return model.eval(), card


def read_backbone_weights(path: Path) -> tuple[dict[str, Tensor], Colours | None]:
    """Read the ImageNet weights of a backbone from a safetensors file.

    Returns:
        The weights, and the colours they learnt from, where the file says them:
        imports do.

    Raises:
        ModelError: if the file is missing, no safetensors file or of other colours than
            are known here.
    """
    if not path.is_file():
        raise ModelError(f"{path}: there are no such backbone weights")
    tensors, said = _read_tensors(path), read_metadata(path).get("colours")
    try:
        return tensors, None if said is None else Colours(said)
    except ValueError as error:
        known = ", ".join(colours.value for colours in Colours)
        raise ModelError(
            f"{path}: its colours are {said!r}, and {known} are known"
        ) from error


def _halve(tensor: Tensor) -> Tensor:
    """Round to fp16, unless numbers are too small or too large for it.

    The scores of skips in the FCN release are: they were learnt at rates of 1e-14.
    """
    if not tensor.is_floating_point():
        return tensor.contiguous()
    half = tensor.half()
    if (half.float() - tensor).norm() <= _HALF_ERROR * tensor.norm():
        return half.contiguous()
    return tensor.float().contiguous()


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: this is not a safetensors file: {error}") from error


def _check_same_tensors(
    path: Path, model: str, own: Mapping[str, Tensor], given: Mapping[str, Tensor]
) -> None:
    """Refuse weights that are not exactly the network's, naming the first of each."""
    troubles = {
        "missing": sorted(own.keys() - given.keys()),
        "unexpected": sorted(given.keys() - own.keys()),
        "of another shape": sorted(
            name
            for name in own.keys() & given.keys()
            if own[name].shape != given[name].shape
        ),
    }
    found = [
        f"{len(names)} {trouble} (first {names[0]})"
        for trouble, names in troubles.items()
        if names
    ]
    if found:
        raise ModelError(
            f"{path}: weights of another model, {model} does not fit: "
            f"{', '.join(found)}"
        )


def _check_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights of a training that blew up: one class would be everywhere."""
    broken = [name for name, one in tensors.items() if not one.isfinite().all()]
    if broken:
        raise ModelError(
            f"{path}: {len(broken)} of its weights are not all finite (first "
            f"{min(broken)})"
        )
