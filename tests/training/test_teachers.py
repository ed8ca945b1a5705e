"""Teachers: networks of others that label pictures together."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from maskstream.models.classes import CAMVID
from maskstream.pipeline.commands.teach import label_with
from maskstream.pipeline.errors import ConfigError, ModelError, SinkError, SourceError
from maskstream.training.dataset import LabelledFolder, Picture
from maskstream.training.teachers import (
    VOID,
    Opinion,
    agree,
    open_teacher,
    pictures_of,
    write_taught,
)
from maskstream.training.teachers.espnetv2 import ESPNetv2
from tests.clips import make_clip

ROAD, PAVEMENT, TREE, POLE, CAR = map(
    CAMVID.index, ("road", "pavement", "tree", "pole", "car")
)
ALL = frozenset(range(len(CAMVID)))
LARGE = ALL - {POLE}


def say(class_id: int, confidence: float = 1.0, size: int = 9) -> Opinion:
    """Say one class of every pixel."""
    return Opinion(
        np.full((size, size), class_id, np.uint8),
        np.full((size, size), confidence, np.float32),
    )


class Says:
    """A teacher that says one class, whatever it is shown."""

    speaks_of = ALL

    def __init__(self, class_id: int) -> None:
        self.class_id = class_id

    def __call__(self, picture: Picture) -> Opinion:
        """Say it of every pixel."""
        shape = picture.shape[:2]
        return Opinion(
            np.full(shape, self.class_id, np.uint8), np.ones(shape, np.float32)
        )


def test_what_two_of_three_say_is_the_label() -> None:
    """The third may differ."""
    labels = agree([say(ROAD), say(PAVEMENT), say(ROAD)], [ALL, LARGE, LARGE])

    assert (labels == ROAD).all()


def test_where_all_differ_there_is_no_label() -> None:
    """Nobody's opinion is taken alone for a class that others know too."""
    labels = agree([say(ROAD), say(PAVEMENT), say(TREE)], [ALL, LARGE, LARGE])

    assert (labels == VOID).all()


@pytest.mark.parametrize(("confidence", "kept"), [(0.59, VOID), (0.61, ROAD)])
def test_a_doubtful_opinion_does_not_count(confidence: float, kept: int) -> None:
    """Two say road, but one is hardly sure."""
    labels = agree([say(ROAD, confidence), say(ROAD)], [ALL, LARGE])

    assert (labels == kept).all()


@pytest.mark.parametrize(("confidence", "kept"), [(0.89, VOID), (0.91, POLE)])
def test_a_class_that_one_alone_knows_needs_it_to_be_sure(
    confidence: float, kept: int
) -> None:
    """Only the first has poles; the second sees what stands behind."""
    labels = agree([say(POLE, confidence), say(TREE)], [ALL, LARGE])

    assert (labels == kept).all()


def test_shared_labels_lose_a_pixel_on_either_side_of_their_border() -> None:
    """Networks differ on where road ends."""
    opinion = say(ROAD)
    opinion.labels[:, 5:] = PAVEMENT

    labels = agree([opinion, opinion], [ALL, LARGE])

    expected = [ROAD] * 4 + [VOID] * 2 + [PAVEMENT] * 3
    assert labels[4].tolist() == expected


def test_thin_labels_keep_their_border() -> None:
    """A pole of one pixel in front of trees stays whole."""
    sees_pole = say(TREE)
    sees_pole.labels[:, 4] = POLE

    labels = agree([sees_pole, say(TREE), say(TREE)], [ALL, LARGE, LARGE])

    assert labels[4].tolist() == [TREE] * 3 + [TREE, POLE, TREE] + [TREE] * 3


def test_the_own_bonnet_is_void_and_a_car_beside_is_not() -> None:
    """Both are cut by the lower edge, but a bonnet is low and wide."""
    with_bonnet, with_car = say(ROAD, size=40), say(ROAD, size=40)
    with_bonnet.labels[35:, 5:35] = CAR
    with_car.labels[20:, 25:] = CAR

    bonnet = agree([with_bonnet, with_bonnet], [ALL, LARGE])
    car = agree([with_car, with_car], [ALL, LARGE])

    assert (bonnet != CAR).all()
    assert bonnet[38, 20] == VOID
    assert car[38, 30] == CAR


def test_what_was_taught_opens_as_a_data_set(tmp_path: Path) -> None:
    """The folder written is the folder that training reads."""
    picture = np.full((20, 30, 3), 90, np.uint8)

    written = write_taught(
        [Says(ROAD), Says(ROAD)], [("a", picture)], tmp_path, split="train"
    )

    folder = LabelledFolder.open(tmp_path, "train")
    shown, labels = folder[0]
    assert written == (1, 1.0)
    assert shown.shape == (20, 30, 3)
    assert (labels == ROAD).all()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    taken = tmp_path / "out"
    taken.touch()

    with pytest.raises(SinkError, match="out"):
        write_taught([Says(ROAD)], [], taken, split="train")


def test_pictures_come_from_files_folders_and_clips(tmp_path: Path) -> None:
    """Large ones are made smaller, small ones stay, clips give spaced frames."""
    folder = tmp_path / "street"
    folder.mkdir()
    cv2.imwrite(str(folder / "large.png"), np.zeros((80, 160, 3), np.uint8))
    cv2.imwrite(str(folder / "small.png"), np.zeros((30, 40, 3), np.uint8))
    clip = make_clip(tmp_path / "drive.mp4", frames=10, size_hw=(64, 96))

    found = dict(pictures_of([folder, clip], frames=2, shorter_side=40))

    assert {name: picture.shape[:2] for name, picture in found.items()} == {
        "large": (40, 80),
        "small": (30, 40),
        "drive-000000": (40, 60),
        "drive-000009": (40, 60),
    }


def test_a_source_without_pictures_is_named(tmp_path: Path) -> None:
    """Neither a broken file nor an empty folder is passed over."""
    broken, empty = tmp_path / "broken.png", tmp_path / "empty"
    broken.write_bytes(b"no picture")
    empty.mkdir()

    with pytest.raises(ConfigError, match=r"broken\.png"):
        list(pictures_of([broken], frames=1, shorter_side=40))
    with pytest.raises(SourceError, match="empty"):
        list(pictures_of([empty], frames=1, shorter_side=40))


def test_espnetv2_scores_every_pixel() -> None:
    """Scores come at the size of the pictures."""
    network = ESPNetv2(20).eval()

    with torch.inference_mode():
        scores = network(torch.zeros(1, 3, 32, 48))

    assert scores.shape == (1, 20, 32, 48)


@pytest.mark.slow
def test_a_released_state_dict_becomes_a_teacher(tmp_path: Path) -> None:
    """The file's kind chooses the network; it labels at the picture's size."""
    weights = tmp_path / "espnetv2.pth"
    torch.save(ESPNetv2(20).state_dict(), weights)

    opinion = open_teacher(weights)(np.zeros((30, 50, 3), np.uint8))

    assert opinion.labels.shape == opinion.confidence.shape == (30, 50)
    assert opinion.labels.max() <= VOID


@pytest.mark.parametrize("suffix", [".pth", ".tflite", ".onnx"])
def test_a_file_that_is_no_teacher_is_refused(tmp_path: Path, suffix: str) -> None:
    """Its name and what was wanted are said."""
    path = tmp_path / f"other{suffix}"
    path.write_bytes(b"something else, and long enough to look like a file")

    with pytest.raises(ModelError, match=f"other{suffix}: "):
        open_teacher(path)


def test_a_state_dict_of_another_network_is_refused(tmp_path: Path) -> None:
    """Its tensors fit no ESPNetv2."""
    path = tmp_path / "other.pth"
    torch.save(torch.nn.Linear(2, 2).state_dict(), path)

    with pytest.raises(ModelError, match="not a state dict of ESPNetv2"):
        open_teacher(path)


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    """The kinds that exist are listed."""
    path = tmp_path / "teacher.h5"
    path.touch()

    with pytest.raises(ConfigError, match=r"MOSAIC as \.tflite"):
        open_teacher(path)


def test_one_teacher_alone_is_refused(tmp_path: Path) -> None:
    """There is nobody to agree with."""
    with pytest.raises(ConfigError, match="takes two, got 1"):
        label_with([tmp_path / "a.pth"], [tmp_path], tmp_path / "out")
