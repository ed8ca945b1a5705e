"""Networks that are converted once a machine, and compiled once a size."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from maskstream.models.build import build_model
from maskstream.models.classes import CAMVID
from maskstream.models.engines import open_engine
from maskstream.models.engines.conversion import kept_conversion
from maskstream.models.engines.converted import ConvertedNetwork, converted
from maskstream.models.weights import ModelCard, save_weights
from maskstream.models.weights_file import WeightsFile
from maskstream.pipeline.errors import ModelError
from tests.required import need_module
from tests.small_disk import mounted

pytestmark = pytest.mark.slow

MODEL = "fcn8s-lite0-slim"
WITHOUT_TORCH = """
import sys
from maskstream.models.engines import open_engine
from maskstream.models.weights_file import WeightsFile
import numpy as np
engine = open_engine(WeightsFile.find(sys.argv[1]), device="cpu")
engine.submit([np.zeros((64, 96, 3), np.uint8)], [(64, 96)]).labels()
print(*(name for name in ("torch", "timm") if name in sys.modules))
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> WeightsFile:
    """A network that learnt nothing, in a file."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    card = ModelCard(MODEL, CAMVID, "nothing", "any", "", None)
    save_weights(path, build_model(MODEL, len(CAMVID)).eval(), card)
    return WeightsFile.find(path)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of these tests alone."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder / "maskstream" / "engines"


def label(network: object, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Label a picture in OpenVINO, in fp32."""
    engine = open_engine(network, engine="openvino", precision="fp32")  # type: ignore[arg-type]
    with closing(engine):
        return engine.submit([picture], [(120, 160)]).labels()[0]


def kept(cache: Path, name: str) -> dict[Path, int]:
    """When each file of a name was kept, in nanoseconds."""
    return {path: path.stat().st_mtime_ns for path in cache.glob(f"*/{name}")}


def test_the_second_start_makes_nothing_and_labels_the_same(
    weights: WeightsFile, cache: Path, rng: np.random.Generator
) -> None:
    """Labels are those of the network in memory, whether it is converted or kept."""
    picture = rng.integers(0, 256, (96, 128, 3), np.uint8)
    wanted = label(weights.load(), picture)

    first = label(weights, picture)
    networks, blobs = kept(cache, "network.bin"), kept(cache, "compiled.blob")
    second = label(weights, picture)

    assert len(networks) == len(blobs) == 1
    assert kept(cache, "network.bin") == networks
    assert kept(cache, "compiled.blob") == blobs
    np.testing.assert_array_equal(first, wanted)
    np.testing.assert_array_equal(second, wanted)


def test_a_damaged_blob_is_compiled_again(
    weights: WeightsFile, cache: Path, rng: np.random.Generator
) -> None:
    """OpenVINO itself would take it, or crash."""
    picture = rng.integers(0, 256, (64, 64, 3), np.uint8)
    wanted = label(weights, picture)
    blob = max(cache.glob("*/compiled.blob"), key=lambda path: path.stat().st_mtime_ns)
    blob.write_bytes(blob.read_bytes()[:100000])

    assert np.array_equal(label(weights, picture), wanted)
    assert blob.stat().st_size > 100000


def test_a_network_runs_without_torch(weights: WeightsFile) -> None:
    """Neither torch nor the network's Python is loaded by who labels with it."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(weights.path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == ""


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache on a disk without any room."""
    with mounted(tmp_path / "disk", "16k") as disk:
        (disk / "full").write_bytes(bytes(16 << 10))
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
        yield disk


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_full_disk_costs_time_and_nothing_else(
    weights: WeightsFile, full_disk: Path, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The network is converted elsewhere, for one run, and that is told once."""
    if engine == "onnxruntime":
        need_module("onnxruntime")
    picture = np.zeros((64, 96, 3), np.uint8)
    with closing(open_engine(weights.load(), engine=engine, precision="fp32")) as one:
        wanted = one.submit([picture], [(64, 96)]).labels()[0]

    with closing(open_engine(weights, engine=engine, precision="fp32")) as one:
        labels = one.submit([picture], [(64, 96)]).labels()[0]

    np.testing.assert_array_equal(labels, wanted)
    told = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert len(told) == 1
    assert "converted for this run alone" in told[0]
    assert not list((full_disk / "maskstream" / "engines").iterdir())


def test_what_the_reader_raises_is_its_own(weights: WeightsFile) -> None:
    """No folder is blamed for it."""
    with (
        pytest.raises(FileNotFoundError, match="not of the cache"),
        kept_conversion(weights, "network.xml", "openvino"),
    ):
        raise FileNotFoundError("not of the cache")


def test_weights_of_another_network_are_told(tmp_path: Path) -> None:
    """The sentence is the one that loading them gives."""
    path = tmp_path / "wrong.safetensors"
    card = ModelCard("fcn8s-vgg11-slim", CAMVID, "nothing", "any", "", None)
    save_weights(path, build_model(MODEL, len(CAMVID)), card)

    with pytest.raises(ModelError, match=r"wrong.*: weights of another model"):
        converted(WeightsFile.find(path))


def test_a_file_of_others_is_refused(tmp_path: Path) -> None:
    """What OpenVINO reads but has no place of scores is not ours."""
    path = tmp_path / "other.xml"
    path.write_text("<net/>")

    with pytest.raises(ModelError, match="not a network that was converted"):
        ConvertedNetwork.read(path)
