from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from maskstream.models.importing.files import read_file
from maskstream.pipeline.errors import ModelError


def test_kernels_of_keras_are_turned(rng: np.random.Generator, tmp_path: Path) -> None:
    """(h, w, in, out) becomes (out, in, h, w), dense (in, out) becomes (out, in)."""
    kernel = rng.random((3, 3, 4, 8), np.float32)
    dense = rng.random((6, 2), np.float32)
    path = tmp_path / "vgg.h5"
    with h5py.File(path, "w") as file:
        file["block1_conv1/block1_conv1_W_1:0"] = kernel
        file["block1_conv1/block1_conv1_b_1:0"] = np.ones(8, np.float32)
        file["model_weights/fc1/fc1/kernel:0"] = dense

    tensors = read_file(path).tensors

    assert tensors.keys() == {"block1_conv1.weight", "block1_conv1.bias", "fc1.weight"}
    assert tensors["block1_conv1.weight"][7, 2, 1, 0] == kernel[1, 0, 2, 7]
    assert tensors["fc1.weight"][1, 5] == dense[5, 1]


def test_text_beside_the_weights_of_keras_is_passed_over(tmp_path: Path) -> None:
    """Versions and names are attributes in Keras' own files; others store them."""
    path = tmp_path / "vgg.h5"
    with h5py.File(path, "w") as file:
        file["keras_version"] = np.array([b"2.1.6"])
        file["layer_names"] = ["block1_conv1"]
        file["block1_conv1/bias:0"] = np.ones(8, ">f4")

    tensors = read_file(path).tensors

    assert tensors.keys() == {"block1_conv1.bias"}
    assert tensors["block1_conv1.bias"].equal(torch.ones(8))


def test_what_is_no_number_in_a_file_of_keras_is_named(tmp_path: Path) -> None:
    """By its place and its type."""
    path = tmp_path / "vgg.h5"
    with h5py.File(path, "w") as file:
        file["block1_conv1/bias:0"] = np.ones(8, np.complex64)

    with pytest.raises(ModelError, match=r"block1_conv1/bias:0 holds complex64, and"):
        read_file(path)
