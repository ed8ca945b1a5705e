from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from maskstream.training.distributed import join_processes, sum_over_processes
from maskstream.training.run_folder import RunFolder
from tests.training import joint_training


@pytest.mark.slow
def test_two_processes_learn_as_one_does(labelled_dir: Path) -> None:
    """Two real ones, joined by gloo, have the loss and weights of the joint batch.

    The loss is the whole one: cross entropy with class weights, whose sum of weights
    differs between the two, and Dice, which is no sum over pictures. Afterwards they
    run the whole of a training, of which the first writes.
    """
    out = labelled_dir.parent
    script = joint_training.__file__
    assert script is not None
    root = Path(__file__).parents[2]

    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    words = ["--nproc-per-node=2", script, str(labelled_dir), str(out), "1"]
    subprocess.run(
        [*torchrun, *words],
        check=True,
        env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
    )
    joint_training.learn(labelled_dir, out, batch_size=2)

    first, second, alone = (
        torch.load(out / f"noted-{which}.pt", weights_only=True)
        for which in ("0-of-2", "1-of-2", "0-of-1")
    )
    assert torch.equal(first["losses"], second["losses"])
    assert torch.allclose(first["losses"], alone["losses"], rtol=1e-5)
    for name, weights in alone["weights"].items():
        assert torch.equal(first["weights"][name], second["weights"][name])
        assert torch.allclose(first["weights"][name], weights, atol=1e-5), name
    run = RunFolder(out / "run")
    assert [line.step for line in run.rounds()] == [1, 2]
    assert run.best.is_file()


def test_one_process_is_alone() -> None:
    """Without torchrun nothing is joined, and sums are what they were."""
    with join_processes() as processes:
        processes.wait()

        assert processes.is_first
        assert processes.count == 1
        assert sum_over_processes(torch.tensor([1, 2])).tolist() == [1, 2]


@pytest.mark.slow
def test_one_of_two_processes_speaks(labelled_dir: Path) -> None:
    """A line a validation, and where the weights are, once each."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    words = [f"data={labelled_dir}", f"out={labelled_dir.parent / 'run'}", "steps=1"]
    words += ["batch_size=2", "augment.crop_hw=[32, 32]", "workers=0", "threads=1"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node=2", "-m", "maskstream", "train", *words],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )

    assert done.stdout.count("the best weights are in") == 1
    assert done.stderr.count("mean IoU") == 1
