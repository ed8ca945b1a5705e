from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from pickle import PicklingError
from typing import Any

import pytest
import torch
from torch import Tensor

from maskstream.pipeline.errors import ConfigError, ModelError, SinkError
from maskstream.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from maskstream.training.run_folder import RunFolder
from maskstream.training.train import train
from tests.training.runs import tiny_run

CPU = torch.device("cpu")


class KilledError(Exception):
    """Stands for the end of the process."""


def tensors(state: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor of a nested state by its path."""
    for key, value in state.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{key}", value
        elif isinstance(value, Mapping):
            yield from tensors(value, f"{prefix}{key}.")


@pytest.mark.slow
def test_a_run_goes_on_to_the_same_result(labelled_dir: Path) -> None:
    """Twenty steps, killed after ten, end bit for bit as if nothing had happened.

    Weights, their average, the optimizer, the best score and the log; the killed run
    also draws its crops in other processes.
    """
    settings: dict[str, object] = {
        "steps": 20,
        "accumulate": 2,
        "validate_every": 7,
        "checkpoint_every": 4,
    }
    whole = train(tiny_run(labelled_dir, **settings, out=labelled_dir / "whole"))
    config = tiny_run(labelled_dir, **settings, out=labelled_dir / "part", workers=1)

    def kill(step: int, _num_steps: int, _loss: float) -> None:
        if step == 10:
            raise KilledError

    with pytest.raises(KilledError):
        train(config, on_step=kill)
    _, progress = load_checkpoint(RunFolder(config.out).checkpoint, CPU)
    resumed = train(RunFolder(config.out).read_config(), resume=True)

    assert progress.step == 8
    state, end = load_checkpoint(whole.checkpoint, CPU)
    same_state, same_end = load_checkpoint(resumed.checkpoint, CPU)
    assert end == same_end
    same = dict(tensors(same_state))
    assert len(same) > 100
    assert all(torch.equal(tensor, same[name]) for name, tensor in tensors(state))
    logs = [
        [replace(line, seconds=0) for line in run.rounds()] for run in (whole, resumed)
    ]
    assert [line.step for line in logs[0]] == [7, 14, 20]
    assert logs[0] == logs[1]
    assert whole.best.read_bytes() == resumed.best.read_bytes()


def stop(data: Path, number: signal.Signals, validate_every: int) -> tuple[int, str]:
    """Train in a process group that gets a signal after its first validation.

    Returns:
        The exit code, and what was said after the signal.
    """
    words = [f"data={data}", f"out={data / 'run'}", "batch_size=2", "threads=1"]
    words += ["augment.crop_hw=[32, 32]", "workers=1", "steps=1000"]
    words += [f"validate_every={validate_every}", "checkpoint_every=1000"]
    with subprocess.Popen(
        [sys.executable, "-m", "maskstream", "train", *words],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "mean IoU" in line:
                break
        os.killpg(process.pid, number)
        return process.wait(), process.stderr.read()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_loses_no_step(
    labelled_dir: Path, number: signal.Signals
) -> None:
    """Terminals and systemd signal all processes; the step in hand is finished."""
    code, told = stop(labelled_dir, number, validate_every=20)

    run = RunFolder(labelled_dir / "run")
    _, progress = load_checkpoint(run.checkpoint, CPU)
    assert code == 130
    assert told == f"interrupted; maskstream train --resume {run.path} goes on\n"
    assert progress.step % 20
    assert progress.num_losses == progress.step % 20


@pytest.mark.slow
def test_a_killed_process_leaves_a_run_that_goes_on(labelled_dir: Path) -> None:
    """SIGKILL, after the first validation, in the middle of whatever it does."""
    stop(labelled_dir, signal.SIGKILL, validate_every=2)
    run = RunFolder(labelled_dir / "run")
    before = run.rounds()
    config = run.read_config().model_copy(update={"steps": before[-1].step + 2})

    train(config, resume=True)

    assert before[0].step == 2
    steps = [line.step for line in run.rounds()]
    assert steps == list(range(2, before[-1].step + 3, 2))


@pytest.mark.slow
def test_a_run_without_a_checkpoint_begins_anew(labelled_dir: Path) -> None:
    """One that was killed before its first."""
    run = RunFolder.create(tiny_run(labelled_dir))

    train(run.read_config(), resume=True)

    assert run.rounds()[-1].step == 4


def test_a_folder_without_a_run_cannot_go_on(tmp_path: Path) -> None:
    """The message names the file that is missing."""
    with pytest.raises(ConfigError, match=r"no run is here, .*config\.yaml is missing"):
        RunFolder(tmp_path).read_config()


def test_a_checkpoint_replaces_the_last_only_when_whole(tmp_path: Path) -> None:
    """What cannot be written leaves the one before."""
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"model": {"w": torch.ones(2)}}, Progress(step=3))

    with pytest.raises(PicklingError):  # a class without a home
        save_checkpoint(path, {"model": type("Local", (), {})()}, Progress(step=4))

    state, progress = load_checkpoint(path, CPU)
    assert progress.step == 3
    assert state["model"]["w"].tolist() == [1, 1]


def test_a_checkpoint_that_finds_no_room_is_told(tmp_path: Path) -> None:
    """In a sentence; a limit on the size of files stands for a full disk."""
    path = tmp_path / "checkpoint.pt"
    path.write_text("the one before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))

    try:
        with pytest.raises(SinkError, match=r"checkpoint\.pt cannot be written: file"):
            save_checkpoint(path, {"w": torch.zeros(1 << 19)}, Progress())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "the one before"


@pytest.mark.parametrize("damage", [b"", b"nothing of the kind", b"\x80\x02}q"])
def test_a_damaged_checkpoint_is_told(tmp_path: Path, damage: bytes) -> None:
    """By its name."""
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(damage)

    with pytest.raises(ModelError, match=r"checkpoint\.pt: this is not a checkpoint"):
        load_checkpoint(path, CPU)


@pytest.mark.parametrize("junk", ["what is this", "7,1,2,3,4,5,6,7", "x,1,2,3,4,5,6"])
def test_a_log_that_somebody_wrote_into_is_named(tmp_path: Path, junk: str) -> None:
    """By its file, before a run goes on."""
    log = RunFolder(tmp_path).log
    names = "step,epoch,loss,learning_rate,mean_iou,pixel_accuracy,seconds"
    log.write_text(f"{names}\n5,1,2,3,4,5,6\n{junk}\n")

    with pytest.raises(ConfigError, match=r"log\.csv: not the log of a run any more"):
        RunFolder(tmp_path).forget_after(6)


@pytest.mark.slow
def test_a_run_of_other_settings_does_not_go_on(labelled_dir: Path) -> None:
    """One sentence names the checkpoint and the settings."""
    run = train(tiny_run(labelled_dir, steps=1))
    text = run.config.read_text().replace("kind: adamw", "kind: sgd")
    run.config.write_text(text)

    with pytest.raises(
        ModelError, match=r"checkpoint\.pt: it is .*config\.yaml says; a run"
    ):
        train(run.read_config(), resume=True)
