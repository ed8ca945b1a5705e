"""What each process of a joint training does; torchrun starts it as a script.

    torchrun --nproc-per-node 2 joint_training.py DATA OUT BATCH_SIZE

It takes two steps with a tiny network, notes the losses and the weights in OUT, and
then trains as the command does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

from maskstream.training.batches import Steps
from maskstream.training.dataset import LabelledFolder
from maskstream.training.distributed import join_processes
from maskstream.training.learner import Learner
from maskstream.training.train import train
from tests.models.networks import tiny_fcn
from tests.training.runs import tiny_run


def drop_batch_parts(module: nn.Module) -> None:
    """Take out what each process counts or draws for itself: batch norm and dropout."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d | nn.Dropout):
            setattr(module, name, nn.Identity())
        drop_batch_parts(child)


def learn(data: Path, out: Path, batch_size: int) -> None:
    """Take two steps and note what came of them."""
    torch.manual_seed(0)
    model = tiny_fcn("fcn8s-tiny-slim", 11)
    drop_batch_parts(model)
    # Not AdamW: its first steps follow the sign of gradients, rounding errors' too.
    optimizer = {"kind": "sgd", "learning_rate": 0.01}
    config = tiny_run(
        data, batch_size=batch_size, accumulate=2, steps=2, optimizer=optimizer
    )
    with join_processes() as processes:
        steps = Steps(LabelledFolder.open(data, "train"), config, processes, 11)
        learner = Learner(
            model,
            config,
            processes,
            num_steps=2,
            num_warmup=0,
            class_weights=torch.arange(1.0, 12.0),
        )
        losses = [
            learner.learn(step, batches)
            for step, batches in enumerate(steps.iterate(0))
        ]
        noted = {"losses": torch.stack(losses), "weights": model.state_dict()}
        torch.save(noted, out / f"noted-{processes.rank}-of-{processes.count}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder, result = Path(sys.argv[1]), Path(sys.argv[2])
    learn(folder, result, int(sys.argv[3]))
    train(tiny_run(folder, out=result / "run", steps=2, threads=1))
