"""What weights are and where they lie: all that is known without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path

from safetensors import SafetensorError, safe_open

from maskstream.models.classes import ClassTable
from maskstream.models.fetching import locate_weights
from maskstream.pipeline.errors import ModelError

__all__ = [
    "CONVERTED",
    "DEFAULT_WEIGHTS",
    "INT8_SUFFIX",
    "ModelCard",
    "embedded_models",
    "find_weights",
    "has_card",
    "read_card",
    "read_metadata",
]

DEFAULT_WEIGHTS = "fcn8s-lite0"
CONVERTED = ".xml"  # of a network that OpenVINO runs, its weights beside it
INT8_SUFFIX = f".int8{CONVERTED}"  # instead of that of the weights it was made of

_TEXTS = "model", "data", "licence", "training_command", "preprocessing", "source"
_SUFFIX = ".fp16.safetensors"


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
        if path.suffix == CONVERTED:
            return bool(read_card(path))
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
        ModelError: if the file is no safetensors file with a card, nor a network of
            OpenVINO's that has one.
    """
    if path.suffix == CONVERTED:
        from maskstream.models.engines.converted import ConvertedNetwork

        card = ConvertedNetwork.read(path).card
        if card is None:
            raise ModelError(f"{path}: this network has no model card")
        return card
    return _read_card(path, read_metadata(path))


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


def read_metadata(path: Path) -> dict[str, str]:
    """Read what a safetensors file says of itself."""
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: this is not a safetensors file: {error}") from error
