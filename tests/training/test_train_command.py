from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from maskstream.pipeline.cli import app
from maskstream.pipeline.errors import ConfigError
from maskstream.training.run_folder import RunFolder

WORDS = ["steps=2", "batch_size=2", "augment.crop_hw=[32, 32]", "workers=0"]


def run(*arguments: str) -> str:
    """Run the program and return what it prints on stdout."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.slow
def test_a_recipe_by_its_name_makes_a_run(labelled_dir: Path, tmp_path: Path) -> None:
    """The folder of the run tells where the weights and the report are."""
    told = run("train", "modern", f"data={labelled_dir}", f"out={tmp_path}/run", *WORDS)

    folder = RunFolder(tmp_path / "run")
    assert folder.read_config().schedule.kind == "poly"
    assert f"the best weights are in {folder.best}" in told
    assert folder.best.is_file()

    told = run("report", str(folder.path))

    assert f"the report is in {folder.report}" in told


def test_a_run_goes_on_as_it_is() -> None:
    """Settings beside --resume would make another run of it."""
    with pytest.raises(ConfigError, match="as it is; epochs=3 cannot be changed"):
        run("train", "--resume", "RUN", "epochs=3")


def test_a_run_needs_data() -> None:
    """And says how they are given."""
    with pytest.raises(ConfigError, match="data is missing; give it as data="):
        run("train")


def test_every_setting_can_be_looked_up() -> None:
    """With its default and its reason, as YAML."""
    told = run("train", "--settings")

    assert (
        "# Peak; higher unlearns ImageNet with AdamW.\n  learning_rate: 0.001" in told
    )


@pytest.mark.slow
def test_clips_become_a_data_set(clip: Path, tmp_path: Path) -> None:
    """By the embedded weights, where they are sure."""
    weights = ["--weights", "fcn8s-lite0", "--frames", "2"]

    told = run("pseudo-label", str(clip), *weights, "-o", str(tmp_path / "set"))

    assert told.startswith(f"2 pictures in {tmp_path / 'set'}, ")
    assert len(list((tmp_path / "set/labels/train").iterdir())) == 2
