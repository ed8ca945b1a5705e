from __future__ import annotations

from pathlib import Path

import pytest
import torch

from maskstream.models.architecture import Architecture
from maskstream.models.classes import CAMVID
from maskstream.models.fcn import FCN
from maskstream.training.batches import Steps
from maskstream.training.dataset import LabelledFolder
from maskstream.training.distributed import Processes
from maskstream.training.learner import Learner
from maskstream.training.recipes import load_recipe
from maskstream.training.start import prepare_start
from tests.models.networks import NarrowVGG
from tests.training.runs import tiny_run


def narrow(stride: int, before: FCN | None, data: Path) -> FCN:
    """Build the paper's form on a narrow trunk, with what ``before`` has learnt."""
    torch.manual_seed(0)
    name = f"fcn{stride}s-narrow-paper,upsampling=fixed"
    model = FCN(NarrowVGG(16, padding=100), Architecture.parse(name), num_classes=11)
    prepare_start(model, tiny_run(data), CAMVID)
    if before is not None:
        model.load_state_dict(before.state_dict(), strict=False)
    return model


@pytest.mark.slow
def test_stages_of_the_paper_go_on_where_the_last_ended(labelled_dir: Path) -> None:
    """The solvers of the release, at other rates: losses fall and never jump."""
    pictures = LabelledFolder.open(labelled_dir, "train")
    model, ended = None, None
    for stride, rate in ((32, 1e-6), (16, 1e-7), (8, 1e-8)):
        words = [f"data={labelled_dir}", "steps=8", "workers=0"]
        config = load_recipe(
            f"paper-{stride}s", [*words, f"optimizer.learning_rate={rate}"]
        )
        model = narrow(stride, model, labelled_dir)
        learner = Learner(
            model,
            config,
            Processes(),
            num_steps=8,
            num_warmup=0,
            class_weights=torch.ones(11),
        )
        losses = [
            learner.learn(step, batches).item()
            for step, batches in enumerate(
                Steps(pictures, config, Processes(), 11).iterate(0)
            )
        ]

        assert losses[-1] < losses[0]
        assert ended is None or losses[0] == pytest.approx(ended, rel=0.02)
        ended = losses[-1]
