from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
import torch

from maskstream.models.importing import import_weights, save_imported
from maskstream.models.importing.files import read_file
from maskstream.pipeline.errors import ModelError
from tests.models.weight_files import blank, read, vgg_convolutions


def test_flipped_bytes_in_a_checkpoint_are_noticed(tmp_path: Path) -> None:
    """Its zip has a checksum of each member, which torch does not look at."""
    path = tmp_path / "net.pth"
    torch.save({"x": torch.zeros(5000)}, path)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    assert torch.load(path, weights_only=True)["x"].count_nonzero()

    with pytest.raises(ModelError, match=r"net\.pth: this file is damaged: .*data/0 "):
        read_file(path)


def test_a_member_of_an_unknown_compression_is_one_sentence(tmp_path: Path) -> None:
    """As flipped bytes of the directory may say."""
    path = tmp_path / "net.pth"
    with ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", b"x")
    damaged = path.read_bytes().replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00",
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x63\x00",
    )
    path.write_bytes(damaged)

    with pytest.raises(ModelError, match=r"net\.pth: this file is damaged"):
        read_file(path)


@pytest.mark.parametrize(
    ("kernel", "told"),
    [
        (torch.full((64, 3, 3, 3), torch.nan), "not finite"),
        (torch.full((64, 3, 3, 3), -torch.inf), "not finite"),
        (torch.full((64, 3, 3, 3), torch.inf, dtype=torch.float16), "not finite"),
        (torch.ones(64, 3, 3, 3, dtype=torch.int64), "it holds int64, and not floats"),
        (torch.ones(64, 3, 3, 3, dtype=torch.int8), "it holds int8, and not floats"),
    ],
)
def test_numbers_that_cannot_be_weights_are_refused(
    kernel: torch.Tensor, told: str, tmp_path: Path
) -> None:
    """By the name of the tensor; nothing is written."""
    tensors = blank(vgg_convolutions(11)) | {"conv1_1.weight": kernel}
    output = tmp_path / "out.safetensors"

    imported = read(tensors, tmp_path)

    assert told in imported.match.flawed["conv1_1.weight"]
    assert not imported.match.missing
    with pytest.raises(ModelError, match=r"15 of 16 .* flawed: conv1_1\.weight \(it"):
        save_imported(imported, output)
    assert not output.exists()


def test_counts_of_batches_are_whole_numbers(tmp_path: Path) -> None:
    """They are no weights, and int64 rightly."""
    path = tmp_path / "net.pth"
    shapes = {"conv1.weight": (64, 3, 7, 7), "bn1.weight": (64,)}
    count = {"bn1.num_batches_tracked": torch.tensor(5)}
    torch.save(blank(shapes) | count, path)

    imported = import_weights(path, model="resnet18")

    assert not imported.match.flawed
    assert "backbone.trunk.bn1.num_batches_tracked" in imported.match.taken
