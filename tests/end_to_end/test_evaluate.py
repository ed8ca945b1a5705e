"""``maskstream evaluate``, with the embedded weights on small pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.end_to_end.conftest import Run
from tests.small_disk import mounted
from tests.training.labelled import rows_of, save

pytestmark = pytest.mark.slow

PAPER = {"pixel_accuracy", "mean_accuracy", "mean_iou", "frequency_weighted_iou"}
FAST = ("--engine", "torch", "--precision", "fp32", "--size", "64x64")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures of 80x60 of noise with sky above road."""
    rng = np.random.default_rng(0)
    labels = rows_of(*[0] * 30, *[3] * 30, width=80)
    for name in ("a", "b"):
        noise = rng.integers(0, 256, (60, 80, 3)).astype(np.uint8)
        save(tmp_path / f"data/images/val/{name}.png", noise)
        save(tmp_path / f"data/labels/val/{name}.png", labels)
    return tmp_path / "data"


def test_a_split_is_scored(run: Run, folder: Path) -> None:
    """The paper's four scores, each class's IoU and the boundaries, as JSON."""
    done = run("evaluate", "--data", folder, "--json", *FAST)

    assert done.code == 0
    told = json.loads(done.out)
    assert set(told) > PAPER
    assert np.sum(told["confusion"]) == 2 * 60 * 80
    assert set(told["per_class_iou"]) == set(told["boundary"]["per_class_f1"])


def test_more_is_scored_if_asked_for(run: Run, folder: Path, tmp_path: Path) -> None:
    """Boxes, another precision, and the confusion matrix as a picture."""
    picture = tmp_path / "confusion.png"

    done = run(
        *("evaluate", "--data", folder, *FAST, "--boxes"),
        *("--against", "openvino/fp32", "--confusion-png", picture),
    )

    assert done.code == 0
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "labelled by torch in fp32" in lines
    agreement = next(line for line in lines if line.startswith("agreement with"))
    assert agreement.startswith("agreement with openvino in fp32 ")
    assert float(agreement.split()[-1]) > 0.99
    assert any(line.startswith("box AP .50:.95") for line in lines)
    assert cv2.imread(str(picture)) is not None


def test_several_sizes_can_be_averaged(run: Run, folder: Path) -> None:
    """The labels differ from those of one size, so the scores do too."""
    once = run("evaluate", "--data", folder, *FAST, "--json")
    mean = run(
        "evaluate", "--data", folder, *FAST, "--json", "--scales", "1,2", "--flip"
    )

    assert mean.code == 0
    assert json.loads(mean.out)["confusion"] != json.loads(once.out)["confusion"]


def test_a_clip_is_scored_in_time(run: Run, tmp_path: Path) -> None:
    """The mask track that a run wrote agrees with the same network."""
    clip = make_clip(tmp_path / "in.mp4", frames=4, size_hw=(64, 64))
    mask = tmp_path / "mask.mkv"
    model = ("--size", "64x64", "--precision", "fp32")
    assert run("run", clip, "--mask", mask, *model).code == 0

    done = run("evaluate", "--clip", clip, "--masks", mask, "--json", *model)

    told = json.loads(done.out)
    assert told["pixel_accuracy"] > 0.95  # pixels come by another way
    assert told["temporal"]["followed"] > 0.5
    assert told["true_temporal"]["flicker"] >= 0


def test_a_clip_needs_no_masks(run: Run, tmp_path: Path) -> None:
    """Flicker is told, and what wants the truth is null."""
    clip = make_clip(tmp_path / "in.mp4", frames=3, size_hw=(64, 64))

    done = run("evaluate", "--clip", clip, "--json", *FAST)

    told = json.loads(done.out)
    assert told["mean_iou"] is None
    assert told["temporal"]["flicker"] >= 0


@pytest.mark.root
def test_a_full_disk_costs_the_picture_and_not_the_scores(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    """They are printed before it is drawn; no half of it is left."""
    with mounted(tmp_path / "disk", "8k") as disk:
        picture = disk / "confusion.png"
        done = run(
            "evaluate", "--data", folder, *FAST, "--json", "--confusion-png", picture
        )
        left = list(disk.iterdir())

    assert done.code == 1
    assert set(json.loads(done.out)) > PAPER
    assert f"{picture} cannot be written: no space left on device" in done.sentence
    assert left == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "is missing: --data DIR or --clip VIDEO"),
        (("--data", "{}", "--clip", "x.mp4"), "--clip are scored one at a time"),
        (("--data", "{}", "--masks", "x.mkv"), "--masks belong to a clip"),
        (("--data", "{}", "--scales", "1,x"), "must be numbers from 0.1 to 4"),
        (("--data", "{}", "--flip", "--engine", "openvino"), "in torch and fp32 alone"),
        (("--data", "{}", "--against", "foo/bar"), "--against foo/bar: its engine: "),
        (
            ("--data", "{}", "--engine", "torch", "--against", "torch"),
            "is what labels already; name another",
        ),
        (("--data", "{}", "--split", "test"), "no split is named 'test'"),
    ],
)
def test_wrong_usage_is_one_sentence(
    run: Run, folder: Path, words: tuple[str, ...], sentence: str
) -> None:
    """What cannot be meant is told before anything is computed."""
    done = run("evaluate", *(word.format(folder) for word in words))

    assert done.code == 2
    assert sentence in done.sentence


def test_labels_of_other_classes_are_refused(run: Run, folder: Path) -> None:
    """Ids of another table would be scored as what they are not."""
    table = {"names": ["road", "rest"], "colours": [[0, 0, 1], [0, 1, 0]]}
    (folder / "classes.json").write_text(json.dumps(table | {"countable": []}))

    done = run("evaluate", "--data", folder)

    assert done.code == 2
    assert "labels are of road, rest; the network knows sky, building" in done.sentence
