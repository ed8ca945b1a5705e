from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from maskstream.models.class_tables import PASCAL_VOC
from maskstream.models.importing.files import read_file
from maskstream.pipeline.errors import ModelError


@pytest.mark.parametrize("kept", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("suffix", [".pth", ".tar", ".h5", ".safetensors"])
def test_files_of_every_kind_cut_short_are_refused(
    suffix: str, kept: float, tmp_path: Path
) -> None:
    """Whatever the library that reads them says, it is one error that names them."""
    weights = {"conv.weight": torch.ones(4, 4)}
    path = tmp_path / f"cut{suffix}"
    if suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["conv/kernel:0"] = np.ones((4, 4), np.float32)
    elif suffix == ".safetensors":
        save_file(weights, path)
    else:
        is_zip = suffix == ".pth"
        torch.save(weights, path, _use_new_zipfile_serialization=is_zip)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(ModelError, match=rf"cut\{suffix}: "):
        read_file(path)


@pytest.mark.parametrize("wrapper", ["model_state_dict", "state_dict", "model"])
def test_weights_are_found_within_a_checkpoint(wrapper: str, tmp_path: Path) -> None:
    """What trainers keep beside them is named, and their prefix is dropped."""
    path = tmp_path / "checkpoint.pth.tar"
    weights = {"module.score_fr.bias": torch.ones(3)}
    torch.save({"epoch": 7, "optim_state_dict": {}, wrapper: weights}, path)

    file = read_file(path)

    assert list(file.tensors) == ["score_fr.bias"]
    assert file.notes == ("left out of the checkpoint: epoch, optim_state_dict",)


def test_classes_beside_the_weights_are_read(tmp_path: Path) -> None:
    """Checkpoints of mmsegmentation say names and palette."""
    path = tmp_path / "fcn.pth"
    meta = {"CLASSES": ("road", "rest"), "PALETTE": [[128, 64, 128], [0, 0, 0]]}
    torch.save({"meta": meta, "state_dict": {"x": torch.ones(1)}}, path)

    classes = read_file(path).classes

    assert classes is not None
    assert classes.names == ("road", "rest")
    assert classes.colours[0] == (128, 64, 128)


@pytest.mark.parametrize(
    "meta",
    [
        {"CLASSES": ("road", "rest"), "PALETTE": None},
        {"dataset_meta": {"classes": ["road", "rest"], "palette": [[1, 2], "no"]}},
        {"dataset_meta": None, "classes": ["road", "rest"], "palette": [[1, 2, 3]]},
    ],
)
def test_classes_without_their_colours_keep_their_names(
    meta: dict[str, object], tmp_path: Path
) -> None:
    """A palette that is missing, short or none at all costs the colours alone."""
    path = tmp_path / "fcn.pth"
    torch.save({"meta": meta, "state_dict": {"x": torch.ones(1)}}, path)

    classes = read_file(path).classes

    assert classes is not None
    assert classes.names == ("road", "rest")
    assert classes.colours == PASCAL_VOC.colours[:2]


class Harmful:
    """Would run when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("harm",)


@pytest.mark.parametrize("is_zip", [False, True])
def test_a_checkpoint_that_would_run_something_is_refused(
    is_zip: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights are numbers; whatever else a file does, it does not do here."""
    path = tmp_path / "harmful.pth"
    content = {"state_dict": Harmful()}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)

    with pytest.raises(ModelError, match=r"harmful\.pth: it holds more than tensors"):
        read_file(path)

    assert "harm" not in capsys.readouterr().out


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "content", [Harmful(), {"x": np.ones(2)}, [1], OrderedDict(x=np.ones(2))]
)
def test_a_pickle_that_torch_did_not_write_is_not_read(
    content: object,
    protocol: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of any protocol it is called what it is, and nothing in it runs."""
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))

    with pytest.raises(ModelError, match=r"weights\.pkl: this is a pickle that torch"):
        read_file(path)

    assert "harm" not in capsys.readouterr().out


def test_a_length_that_looks_like_a_pickle_is_none(tmp_path: Path) -> None:
    """Safetensors begin with the length of their header, here the bytes 80 02."""
    path = tmp_path / "net.safetensors"
    weights = {"x": torch.ones(1)}
    save_file(weights, path, {"note": ""})
    bare = int.from_bytes(path.read_bytes()[:8], "little")
    save_file(weights, path, {"note": "." * (0x280 - bare)})

    tensors = read_file(path).tensors

    assert path.read_bytes().startswith(b"\x80\x02")
    assert tensors["x"].equal(weights["x"])


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    """And not a caffemodel without layers."""
    path = tmp_path / "net.caffemodel"
    path.touch()

    with pytest.raises(ModelError, match=r"net\.caffemodel: the file is empty"):
        read_file(path)


@pytest.mark.parametrize("content", [b"", b"what is this", b"PK\x03\x04", b"\x80\x02"])
def test_a_file_of_no_known_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    """One sentence names the file."""
    path = tmp_path / "odd.bin"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"odd\.bin: "):
        read_file(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\n\n\n<!DOCTYPE html>\n<html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    ],
)
def test_what_was_saved_in_place_of_weights_is_told(
    content: bytes, told: str, tmp_path: Path
) -> None:
    """The usual accidents of a download have their own sentence."""
    path = tmp_path / "net.caffemodel"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=f"this is {told}, not the file"):
        read_file(path)


def test_a_length_that_looks_like_a_web_page_is_none(tmp_path: Path) -> None:
    """Safetensors begin with the length of their header, here the bytes of " <"."""
    path = tmp_path / "net.safetensors"
    weights = {"x": torch.ones(1)}
    save_file(weights, path)
    spare = int.from_bytes(b" <", "little") - int.from_bytes(
        path.read_bytes()[:8], "little"
    )
    note = "." * (spare - len('"__metadata__":{"note":""},'))
    save_file(weights, path, {"note": note})

    tensors = read_file(path).tensors

    assert path.read_bytes().startswith(b" <")
    assert tensors["x"].equal(weights["x"])


def test_a_checkpoint_without_tensors_is_refused(tmp_path: Path) -> None:
    """Plain values alone are no weights."""
    path = tmp_path / "log.pth"
    torch.save({"epoch": 7, "state_dict": {}}, path)

    with pytest.raises(ModelError, match=r"log\.pth: there are no tensors in it"):
        read_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """As the system says it."""
    with pytest.raises(ModelError, match=r"absent\.pth: no such file or directory"):
        read_file(tmp_path / "absent.pth")
