"""A network as OpenVINO has it, and where its scores lie: neither needs torch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskstream.models.engines.openvino_model import import_openvino, openvino_core
from maskstream.models.geometry import ScoreGrid
from maskstream.models.keeping import Keeper, make_key
from maskstream.pipeline.errors import ModelError

if TYPE_CHECKING:
    from maskstream.models.weights_file import WeightsFile

__all__ = ["ConvertedNetwork", "converted"]

_MODEL = "network.xml"
_GRID = "score_grid"
_CONVERTER = "maskstream.models.engines.convert_file"


@dataclass(frozen=True, slots=True, eq=False)
class ConvertedNetwork:
    """From (1, h, w, 3) uint8 to (1, K, h8, w8) scores, for any size of picture."""

    model: Any
    """OpenVINO's; not to be changed."""
    grid: ScoreGrid
    key: str | None = None
    """Tells it from all other networks; None where that is not known."""

    def save(self, path: Path) -> None:
        """Write an .xml, with the .bin beside it."""
        self.model.set_rt_info(json.dumps(asdict(self.grid)), [_GRID])
        import_openvino().save_model(self.model, path, compress_to_fp16=False)

    @classmethod
    def read(cls, path: Path, key: str | None = None) -> ConvertedNetwork:
        """Read what `save` wrote; the .bin stays mapped, not in memory.

        Raises:
            ModelError: it is no such file.
        """
        try:
            model = openvino_core().read_model(path)
            grid = model.get_rt_info([_GRID]).astype(str)
        except RuntimeError as error:
            raise ModelError(
                f"{path}: this is not a network that was converted by this program"
            ) from error
        return cls(model, ScoreGrid(**json.loads(grid)), key)


def converted(weights: WeightsFile) -> ConvertedNetwork:
    """Convert weights once a machine; what is kept needs no torch to run.

    The conversion is a process of its own: torch and what it leaves in memory, half a
    gigabyte, then never come into this one.

    Raises:
        ModelError: the weights are not what their card says, or cannot be converted.
    """
    key = make_key(
        weights.digest(), _code_digest(), version("openvino"), version("torch")
    )

    def make(folder: Path) -> None:
        _run_converter(weights.path, folder / _MODEL)

    with Keeper.of_user().folder(key, make) as folder:
        return ConvertedNetwork.read(folder / _MODEL, key)


def _run_converter(weights: Path, output: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", _CONVERTER, str(weights), str(output)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C is for this process, which decides what ends
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ModelError(said[-1])


@cache
def _code_digest() -> str:
    """Tell this version of the code that makes networks from all others."""
    folder = Path(str(files("maskstream.models")))
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
