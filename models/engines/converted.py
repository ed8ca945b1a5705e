"""A network as OpenVINO has it, and where its scores lie: neither needs torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskstream.models.card import ModelCard
from maskstream.models.engines.conversion import kept_conversion
from maskstream.models.engines.openvino_model import import_openvino, openvino_core
from maskstream.models.geometry import ScoreGrid
from maskstream.models.keeping import make_key
from maskstream.pipeline.errors import ModelError

if TYPE_CHECKING:
    from maskstream.models.weights_file import WeightsFile

__all__ = ["ConvertedNetwork", "converted"]

_GRID, _CARD, _WEIGHTS, _BIN = "score_grid", "model_card", "int8_of", "bin_sha256"


@dataclass(frozen=True, slots=True, eq=False)
class ConvertedNetwork:
    """From (1, h, w, 3) uint8 to (1, K, h8, w8) scores, for any size of picture."""

    model: Any
    """OpenVINO's; not to be changed."""
    grid: ScoreGrid
    key: str | None = None
    """Tells it from all other networks; None where that is not known."""
    card: ModelCard | None = None
    """Of one that stands for itself, and is not only kept."""
    int8_of: str = ""
    """SHA-256 of the weights that it has in 8 bits; empty where it has them whole."""

    def save(self, path: Path) -> None:
        """Write an .xml, with the .bin beside it.

        Raises:
            OSError: the disk is full.
        """
        self.model.set_rt_info(json.dumps(asdict(self.grid)), [_GRID])
        if self.card is not None:
            self.model.set_rt_info(self.card.to_json(), [_CARD])
            self.model.set_rt_info(self.int8_of, [_WEIGHTS])
            self._write(path)  # for its .bin, which stays the same
            self.model.set_rt_info(_bin_digest(path), [_BIN])
        self._write(path)

    def _write(self, path: Path) -> None:
        try:
            import_openvino().save_model(self.model, path, compress_to_fp16=False)
        except RuntimeError as error:
            raise OSError(f"openvino could not write {path.name}") from error

    @classmethod
    def read(cls, path: Path, key: str | None = None) -> ConvertedNetwork:
        """Read what `save` wrote; the .bin stays mapped, not in memory.

        Raises:
            ModelError: it is no such file, or its .bin another one: OpenVINO would take
                it if it is but large enough.
        """
        try:
            model = openvino_core().read_model(path)
            grid = ScoreGrid(**json.loads(_read_info(model, _GRID)))
            if not model.has_rt_info([_CARD]):
                return cls(model, grid, key)
            card = ModelCard.from_json(_read_info(model, _CARD))
            int8_of, digest = (_read_info(model, name) for name in (_WEIGHTS, _BIN))
        except (RuntimeError, TypeError, ValueError) as error:
            raise ModelError(
                f"{path}: this is not a network that was converted by this program"
            ) from error
        if digest != _bin_digest(path):
            raise ModelError(
                f"{path.with_suffix('.bin')} is damaged, or that of another network"
            )
        return cls(model, grid, key, card, int8_of)


def _bin_digest(path: Path) -> str:
    return sha256(path.with_suffix(".bin").read_bytes()).hexdigest()


def _read_info(model: Any, name: str) -> str:
    return str(model.get_rt_info([name]).astype(str))


def converted(weights: WeightsFile) -> ConvertedNetwork:
    """Take weights for OpenVINO, converted where nobody has done so yet.

    A file of OpenVINO's is taken as it is.

    Raises:
        ModelError: the weights are not what their card says, or cannot be converted.
    """
    if weights.is_converted:
        return ConvertedNetwork.read(weights.path, make_key(weights.digest()))
    with kept_conversion(weights, "network.xml", "openvino") as (path, key):
        return ConvertedNetwork.read(path, key)
