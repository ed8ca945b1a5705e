from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from maskstream.models.classes import ClassTable
from maskstream.models.exporting import FORMATS, export_network
from maskstream.models.exporting.agreement import measure_agreement
from maskstream.models.exporting.format import Format, Labelling
from maskstream.models.exporting.labeller import Labeller
from maskstream.models.fcn import FCN
from maskstream.models.weights import ModelCard
from maskstream.pipeline.errors import ConfigError, ModelError, SinkError
from tests.models.networks import NUM_CLASSES, tiny_fcn

CARD = ModelCard(
    model="fcn8s-tiny-slim",
    classes=ClassTable(tuple("abcde"), ((0, 0, 0),) * NUM_CLASSES),
    data="none",
    licence="none needed",
    training_command="none",
    training_size_hw=None,
)


@pytest.fixture(scope="module")
def network() -> FCN:
    """Make a small network whose labels differ from place to place."""
    torch.manual_seed(0)
    return tiny_fcn("fcn8s-vgg16-slim")


@pytest.fixture
def pictures(rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Make two pictures of smooth noise, 96x128 and 128x96."""
    coarse = rng.integers(0, 256, (2, 4, 4, 3), np.uint8)
    wide = coarse[0].repeat(24, axis=0).repeat(32, axis=1)
    tall = coarse[1].repeat(32, axis=0).repeat(24, axis=1)
    return [wide, tall]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_an_export_labels_as_the_network_does(
    name: str, network: FCN, pictures: list[NDArray[np.uint8]], tmp_path: Path
) -> None:
    """Alone, in a batch and at another size than it was written for."""
    form = FORMATS[name]
    output = tmp_path / f"net{form.suffix}"

    agreement = export_network(network, CARD, form, output, pictures)

    assert agreement.mean >= 0.999
    assert agreement.num_pictures == 2
    expected = {output.name} | ({f"net{form.beside}"} if form.beside else set())
    assert {path.name for path in tmp_path.iterdir()} == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "openvino"])
def test_sizes_need_not_divide_by_anything(
    name: str, network: FCN, rng: np.random.Generator, tmp_path: Path
) -> None:
    """Rows and columns beyond the last whole cell are labelled too."""
    form = FORMATS[name]
    output = tmp_path / f"net{form.suffix}"
    form.write(Labeller(network), output, CARD.to_json())
    odd = rng.integers(0, 256, (3, 37, 61, 3), np.uint8)

    labels = form.open(output)(odd)

    expected = Labeller(network)(torch.from_numpy(odd)).numpy()
    assert labels.shape == (3, 37, 61)
    assert (labels == expected).mean() > 0.999


@pytest.mark.slow
def test_an_export_that_labels_otherwise_is_refused(
    network: FCN, pictures: list[NDArray[np.uint8]], tmp_path: Path
) -> None:
    """The message has the numbers, and what was there before stays."""
    output = tmp_path / "net.onnx"
    output.write_text("an export of yesterday")
    other = tiny_fcn("fcn8s-vgg16-slim")

    def write_other(_: Labeller, path: Path, card: str) -> None:
        FORMATS["onnx"].write(Labeller(other), path, card)

    broken = replace(FORMATS["onnx"], write=write_other)
    with pytest.raises(ModelError, match=r"agree .* on \d+\.\d+% .* 99\.9% is wanted"):
        export_network(network, CARD, broken, output, pictures)

    assert output.read_text() == "an export of yesterday"
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


@pytest.mark.slow
def test_an_export_carries_the_model_card(network: FCN, tmp_path: Path) -> None:
    """ONNX keeps it in the metadata, where any tool shows it."""
    import onnx

    output = tmp_path / "net.onnx"
    FORMATS["onnx"].write(Labeller(network), output, CARD.to_json())

    (entry,) = onnx.load(output).metadata_props
    assert entry.key == "model_card"
    assert ModelCard.from_json(entry.value) == CARD


def test_a_file_of_another_suffix_is_refused(network: FCN, tmp_path: Path) -> None:
    """What is in a file shows in its name."""
    with pytest.raises(
        ConfigError, match=r"net\.pt: this format's files end in \.onnx"
    ):
        export_network(network, CARD, FORMATS["onnx"], tmp_path / "net.pt", [])


def test_an_export_into_no_folder_is_refused(network: FCN, tmp_path: Path) -> None:
    """Before the minutes that writing may take."""
    with pytest.raises(ConfigError, match=r"absent: there is no such folder"):
        export_network(network, CARD, FORMATS["onnx"], tmp_path / "absent/net.onnx", [])


def test_labels_of_a_thousand_classes_are_refused() -> None:
    """An export labels in uint8."""
    with pytest.raises(ModelError, match=r"1000 classes; .* at most 256"):
        Labeller(tiny_fcn("fcn32s-vgg16-slim", num_classes=1000))


def test_an_export_is_not_compared_on_next_to_nothing(
    network: FCN, tmp_path: Path
) -> None:
    """A picture of a pixel would agree with anything."""
    tiny = np.zeros((1, 1, 3), np.uint8)

    with pytest.raises(ConfigError, match="64x64 or more, got one of 1x1"):
        export_network(network, CARD, FORMATS["onnx"], tmp_path / "net.onnx", [tiny])


@pytest.mark.slow
def test_a_runtime_that_takes_the_first_of_two_for_both_disagrees(
    network: FCN, pictures: list[NDArray[np.uint8]]
) -> None:
    """The two at a time differ."""

    def label(batch: NDArray[np.uint8]) -> NDArray[np.uint8]:
        labels = Labeller(network)(torch.from_numpy(batch)).numpy()
        return np.repeat(labels[:1], len(labels), axis=0)

    agreement = measure_agreement(network, label, pictures)

    assert agreement.worst < 0.9
    assert agreement.mean < 0.999


@pytest.mark.slow
def test_a_kill_between_two_files_leaves_no_mixed_pair(
    network: FCN, pictures: list[NDArray[np.uint8]], tmp_path: Path
) -> None:
    """The .xml of yesterday is gone before the .bin of today is there."""
    output = tmp_path / "net.xml"
    output.write_text("of yesterday")
    output.with_suffix(".bin").mkdir()  # cannot be replaced: the end comes there
    (output.with_suffix(".bin") / "x").touch()

    def write(_: Labeller, path: Path, _card: str) -> None:
        path.write_text("of today")
        path.with_suffix(".bin").write_text("of today")

    def as_here(_: Path) -> Labelling:
        return lambda batch: Labeller(network)(torch.from_numpy(batch)).numpy()

    form = Format(".xml", write, as_here, beside=".bin")
    with pytest.raises(SinkError, match=r"net\.xml cannot be written"):
        export_network(network, CARD, form, output, pictures)

    assert not output.exists()
