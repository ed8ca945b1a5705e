from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from maskstream.models.importing.caffemodel import read_caffemodel
from maskstream.models.importing.files import read_file
from maskstream.models.importing.wire import WireError, read_fields
from maskstream.pipeline.errors import ModelError
from tests.models.caffe_files import caffemodel, caffemodel_v1


@settings(deadline=None, max_examples=30)
@given(
    blob=arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=0, max_dims=4, max_side=5),
        elements=st.floats(width=32, allow_nan=False),
    )
)
def test_a_blob_of_any_shape_is_read(
    blob: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Numbers and shape are those that were written."""
    path = tmp_path_factory.mktemp("caffe") / "net.caffemodel"
    path.write_bytes(caffemodel({"conv": [blob]}))

    tensors = read_caffemodel(path)

    assert np.array_equal(tensors["conv.weight"].numpy(), blob)


def test_both_forms_of_caffemodel_hold_the_same(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    """The old form writes every shape with four numbers."""
    blobs = [rng.random((5, 3, 2, 2), np.float32), rng.random(5, np.float32)]
    today, old = tmp_path / "today.caffemodel", tmp_path / "old.caffemodel"
    today.write_bytes(caffemodel({"conv1_1": blobs}))
    old.write_bytes(caffemodel_v1({"conv1_1": blobs}))

    tensors = read_file(today).tensors
    legacy = read_file(old).tensors

    assert tensors["conv1_1.weight"].equal(torch.from_numpy(blobs[0]))
    assert legacy["conv1_1.weight"].equal(tensors["conv1_1.weight"])
    assert legacy["conv1_1.bias"].shape == (1, 1, 1, 5)
    assert legacy["conv1_1.bias"].flatten().equal(tensors["conv1_1.bias"])


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_bytes_that_are_no_message_end_in_one_error(noise: bytes) -> None:
    """Nothing but `WireError` leaves the reader, whatever it is given."""
    try:
        list(read_fields(memoryview(noise)))
    except WireError:
        return


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_caffemodel_cut_short_is_refused(kept: float, tmp_path: Path) -> None:
    """A download that broke off is not taken for a smaller network."""
    whole = caffemodel({"conv": [np.ones((4, 4), np.float32)]})
    path = tmp_path / "cut.caffemodel"
    path.write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(ModelError, match=r"cut\.caffemodel: this .*caffemodel"):
        read_caffemodel(path)


def test_a_blob_of_an_absurd_shape_is_refused(tmp_path: Path) -> None:
    """No numbers fit any shape with a zero in it, and torch not any number."""
    path = tmp_path / "odd.caffemodel"
    path.write_bytes(caffemodel({"conv": [np.empty((0, 2**40), np.float32)]}))

    with pytest.raises(ModelError, match=r"a blob of shape \[0, 1099511627776\] has 0"):
        read_caffemodel(path)
