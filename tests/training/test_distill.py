from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from maskstream.models.build import build_model
from maskstream.models.classes import CAMVID, ClassTable
from maskstream.models.weights import ModelCard, load_weights, save_weights
from maskstream.pipeline.errors import ConfigError, SourceError
from maskstream.training.augment import IGNORE
from maskstream.training.clips import WithFrames, keep_frames, spaced_frames
from maskstream.training.config import TeacherConfig
from maskstream.training.dataset import LabelledFolder
from maskstream.training.distill import Teacher, distillation_loss
from maskstream.training.distributed import Processes
from maskstream.training.learner import Learner
from maskstream.training.pseudo_labels import write_pseudo_labels
from maskstream.training.train import train
from tests.clips import make_clip
from tests.models.networks import tiny_fcn
from tests.training.runs import tiny_run

NAME = "fcn8s-lite0-slim"
LETTERS = ClassTable(tuple("abcdefghijk"), CAMVID.colours)


def save_teacher(path: Path, classes: ClassTable = CAMVID) -> Path:
    """Save a network of random weights."""
    torch.manual_seed(0)
    card = ModelCard(NAME, classes, "none", "none", "none", (48, 64))
    save_weights(path, build_model(NAME, len(classes)), card)
    return path


def test_the_same_answer_teaches_nothing() -> None:
    """Scores that differ by a constant are the same answer."""
    scores = torch.randn(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))

    assert distillation_loss(scores + 2, scores, 2.0).item() == pytest.approx(
        0, abs=1e-6
    )


def test_the_distance_is_that_of_softened_answers() -> None:
    """Divergence of the teacher's from the learner's, times the squared temperature."""
    scores = torch.tensor([0.0, 0.0])[None, :, None, None]
    soft = torch.tensor([2.0, 0.0])[None, :, None, None]

    share = torch.tensor(1.0).sigmoid()  # of the first class at temperature 2
    expected = 4 * (
        share * (share / 0.5).log() + (1 - share) * ((1 - share) / 0.5).log()
    )

    distance = distillation_loss(scores, soft, 2.0)
    assert distance.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_network_learns_from_a_teacher_alone() -> None:
    """No pixel has a label, and yet answers come closer to the teacher's."""
    config = tiny_run(Path("data"), steps=30, optimizer={"learning_rate": 0.01})
    torch.manual_seed(0)
    teacher = Teacher(tiny_fcn("fcn8s-tiny-slim"), TeacherConfig(weights=Path("none")))
    learner = Learner(
        tiny_fcn("fcn8s-tiny-slim"),
        config,
        Processes(),
        num_steps=30,
        num_warmup=0,
        class_weights=torch.ones(5),
        teacher=teacher,
    )
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (2, 3, 32, 32), generator=generator)
    batch = pictures.to(torch.uint8), torch.full((2, 32, 32), IGNORE)

    losses = [learner.learn(step, [batch]).item() for step in range(30)]

    assert losses[-1] < losses[0] / 2


def test_a_teacher_of_other_classes_is_refused(tmp_path: Path) -> None:
    """Both lists are in the message."""
    classes = ClassTable(("road", "sky"), ((128, 64, 128), (70, 130, 180)))
    config = TeacherConfig(weights=save_teacher(tmp_path / "a.safetensors", classes))

    with pytest.raises(ConfigError, match="knows road, sky; the run wants sky, build"):
        Teacher.load(config, CAMVID, torch.device("cpu"))


def test_frames_are_spread_over_a_clip(clip: Path) -> None:
    """The first and the last among them; names tell which they are."""
    frames = dict(spaced_frames(clip, 3))

    assert list(frames) == ["clip-000000", "clip-000009", "clip-000019"]
    assert all(picture.shape == (64, 96, 3) for picture in frames.values())


def test_a_short_clip_gives_all_its_frames(clip: Path) -> None:
    """Twenty, though more are wanted."""
    assert len(list(spaced_frames(clip, 99))) == 20


def test_what_is_no_clip_is_told(tmp_path: Path) -> None:
    """By its name."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no video")

    with pytest.raises(SourceError, match=r"clip\.mp4: no video can be read"):
        next(spaced_frames(path, 1))


def test_a_file_of_sound_is_no_clip(tmp_path: Path) -> None:
    """It opens, and holds nothing to look at."""
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))

    with pytest.raises(SourceError, match=r"sound\.wav: .* here: none is in it$"):
        next(spaced_frames(path, 1))


def test_frames_stand_behind_the_labelled_pictures(
    labelled_dir: Path, clip: Path, tmp_path: Path
) -> None:
    """They are kept once, and all their pixels are void."""
    folder = tmp_path / "unlabelled"
    keep_frames([clip, clip], 2, folder)
    keep_frames([tmp_path / "gone.mp4"], 2, folder)  # they are there already
    labelled = LabelledFolder.open(labelled_dir, "train")

    samples = WithFrames(labelled, tuple(sorted(folder.iterdir())))

    assert len(samples) == 3 + 4
    picture, labels = samples[3]
    assert picture.shape == (64, 96, 3)
    assert (labels == IGNORE).all()
    assert np.array_equal(samples[0][1], labelled[0][1])


def test_a_bad_clip_is_told_before_a_folder_is_made(
    labelled_dir: Path, tmp_path: Path
) -> None:
    """The next try finds no run in its way."""
    weights = save_teacher(tmp_path / "teacher.safetensors")
    teacher = {"weights": weights, "clips": [tmp_path / "gone.mp4"]}
    config = tiny_run(labelled_dir, teacher=teacher)

    with pytest.raises(SourceError, match=r"gone\.mp4"):
        train(config)

    assert not config.out.exists()


@pytest.mark.slow
def test_a_run_is_taught_on_clips(labelled_dir: Path, clip: Path) -> None:
    """The card says by whom and on what."""
    weights = save_teacher(labelled_dir.parent / "teacher.safetensors")

    run = train(
        tiny_run(
            labelled_dir,
            teacher={"weights": weights, "clips": [clip], "frames_per_clip": 3},
        )
    )

    assert len(list(run.unlabelled.iterdir())) == 3
    _, card = load_weights(run.best)
    assert card.data.endswith("taught by teacher.safetensors, on clip.mp4")
    assert "'teacher.clips=[CLIP]'" in card.training_command


@pytest.mark.slow
@pytest.mark.parametrize(("confidence", "is_labelled"), [(0.0, True), (1.0, False)])
def test_pseudo_labels_are_a_data_set(
    tmp_path: Path, confidence: float, is_labelled: bool
) -> None:
    """What a network is sure of has its class id, the rest 255."""
    clip = make_clip(tmp_path / "clip.mp4", frames=4)
    torch.manual_seed(0)
    model = build_model(NAME, 11).eval()

    count, share = write_pseudo_labels(
        model,
        spaced_frames(clip, 2),
        tmp_path / "set",
        split="train",
        classes=LETTERS,
        min_confidence=confidence,
    )

    folder = LabelledFolder.open(tmp_path / "set", "train")
    _, labels = folder[1]
    assert (count, len(folder)) == (2, 2)
    assert folder.classes == LETTERS
    assert share == is_labelled
    assert (labels == IGNORE).all() != is_labelled
