from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskstream.models.classes import ClassTable
from maskstream.training.report import write_report
from maskstream.training.report.examples import mean_iou_by_picture, write_example
from maskstream.training.train import train
from tests.training.runs import tiny_run

TWO = ClassTable(("road", "sky"), ((128, 64, 128), (70, 130, 180)))


@pytest.mark.slow
def test_the_report_shows_all_that_a_person_needs(labelled_dir: Path) -> None:
    """Curves, confusion, classes, best and worst pictures, and how to repeat."""
    run = train(tiny_run(labelled_dir, val_split="train", validate_every=2))

    page = run.report / "report.html"
    text = page.read_text()
    shown = re.findall(r'<img src="([^"]+)"', text)
    expected = ["curves", "iou", "confusion", "worst-1", "worst-2", "best-1", "best-2"]
    assert shown == [f"{name}.png" for name in expected]
    assert all(cv2.imread(str(run.report / name)) is not None for name in shown)
    assert "maskstream train" in text
    assert "val_split: train" in text
    assert text.count('<tr><td class="number">') == 2  # a line for each validation


@pytest.mark.slow
def test_a_report_can_be_written_anew(labelled_dir: Path) -> None:
    """It is made of the run's folder alone."""
    run = train(tiny_run(labelled_dir))
    (run.report / "report.html").unlink()

    assert write_report(run).is_file()


def test_a_picture_is_scored_over_the_classes_in_it() -> None:
    """What is predicted but not there counts against those that are."""
    counts = np.array(
        [[[6, 2, 0], [1, 1, 0], [0, 0, 0]], [[4, 0, 4], [0, 0, 0], [0, 0, 0]]]
    )

    scores = mean_iou_by_picture(np.concatenate([counts, 0 * counts[:1]]))

    assert scores[:2].tolist() == pytest.approx([(6 / 9 + 1 / 4) / 2, 0.5])
    assert np.isnan(scores[2])


def test_an_example_shows_truth_beside_the_answer(tmp_path: Path) -> None:
    """Picture, truth, answer and mistakes in one strip; void is grey."""
    picture = np.full((2, 2, 3), 9, np.uint8)
    truth = np.array([[0, 1], [1, 255]], np.uint8)
    labels = np.array([[0, 1], [0, 0]], np.uint8)

    write_example(tmp_path / "a.png", picture, truth, labels, TWO)

    strip = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_COLOR_RGB)
    assert strip is not None
    shown, true, answer, mistakes = np.split(strip, 4, axis=1)
    assert (shown == 9).all()
    assert true[0, 1].tolist() == [70, 130, 180]
    assert answer[1, 0].tolist() == [128, 64, 128]
    assert mistakes[1, 0].tolist() == [220, 20, 60]
    assert true[1, 1].tolist() == mistakes[1, 1].tolist() == [160, 160, 160]
