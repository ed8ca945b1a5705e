"""Weights in and out: safetensors with a model card in the metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from maskstream.models.backbones import Colours
from maskstream.models.build import build_model
from maskstream.models.classes import ClassTable
from maskstream.models.fcn import FCN
from maskstream.models.fetching import locate_weights
from maskstream.models.replacing import replacing
from maskstream.pipeline.errors import ModelError

DEFAULT_WEIGHTS = "fcn8s-lite0"

_TEXTS = "model", "data", "licence", "training_command", "preprocessing", "source"
_SUFFIX = ".fp16.safetensors"
_HALF_ERROR = 2**-10  # relative; rounding to 11 bits makes at most half of it


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What weights are, where they come from and how to make them again."""

    model: str  # a name that `build_model` knows
    classes: ClassTable
    data: str  # what the weights learnt from
    licence: str  # what the weights may be used for
    training_command: str
    training_size_hw: tuple[int, int] | None  # of the crops learnt from, where known
    scores: dict[str, float] = field(default_factory=dict)  # by what was measured
    preprocessing: str = ""  # of pictures, by the network itself; known when saved
    source: str = ""  # the file of another program that the weights came in, if one

    def to_json(self) -> str:
        """Write the card as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read what `to_json` wrote.

        Raises:
            ModelError: if the text is not a model card.
        """
        try:
            card = json.loads(text)
            size = card.pop("training_size_hw")
            size_hw = None if size is None else (int(size[0]), int(size[1]))
            classes = ClassTable.from_json(json.dumps(card.pop("classes")))
            made = cls(classes=classes, training_size_hw=size_hw, **card)
            made._check_types()
            return made
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"this is not a model card: {error}") from error

    def _check_types(self) -> None:
        """Refuse what JSON can hold and a card cannot."""
        for name in _TEXTS:
            text = getattr(self, name)
            if not isinstance(text, str):
                raise TypeError(f"{name} must be text, got {text!r}")
        scores = self.scores
        if not isinstance(scores, dict) or not all(
            isinstance(score, int | float) for score in scores.values()
        ):
            raise TypeError(f"scores must be numbers by name, got {scores!r}")


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
            the weights of another network.
    """
    path = find_weights(where)
    card = read_card(path)
    model = build_model(card.model, len(card.classes))
    tensors = _read_tensors(path)
    _check_same_tensors(path, card.model, model.state_dict(), tensors)
    model.load_state_dict(tensors)
    return model.eval(), card


def find_weights(where: str | Path) -> Path:
    """Find the file of weights: by the name of embedded ones, a path, or fetched.

    Raises:
        ModelError: if there is none.
    """
    located = locate_weights(str(where))
    path = embedded_models().get(str(located), Path(located))
    if not path.is_file():
        raise ModelError(
            f"{path}: there are no such weights; give a safetensors file or one of "
            f"{', '.join(embedded_models()) or 'none embedded'}"
        )
    return path


def has_card(path: Path) -> bool:
    """Tell weights of this program from those of others."""
    try:
        return "model_card" in read_metadata(path)
    except ModelError:
        return False


def embedded_models() -> dict[str, Path]:
    """Find the weights inside the package, by name."""
    folder = resources.files("maskstream.models") / "weights"
    if not folder.is_dir():
        return {}
    files = sorted(Path(str(file)) for file in folder.iterdir())
    return {
        file.name.removesuffix(_SUFFIX): file
        for file in files
        if file.name.endswith(_SUFFIX)
    }


def read_card(path: Path) -> ModelCard:
    """Read what weights are without reading the weights.

    Raises:
        ModelError: if the file is no safetensors file with a card.
    """
    return _read_card(path, read_metadata(path))


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


def read_metadata(path: Path) -> dict[str, str]:
    """Read what a file says beside its tensors.

    Raises:
        ModelError: it is no safetensors file, or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: this is not a safetensors file: {error}") from error


def _read_card(path: Path, metadata: Mapping[str, str]) -> ModelCard:
    if "model_card" not in metadata:
        raise ModelError(
            f"{path}: these weights have no model card, which says what network they "
            "are for; weights written by maskstream train have one"
        )
    try:
        return ModelCard.from_json(metadata["model_card"])
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


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
