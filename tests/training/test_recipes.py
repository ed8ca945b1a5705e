from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from maskstream.models.architecture import Architecture, Head, Upsampling
from maskstream.models.backbones import Colours
from maskstream.models.classes import CAMVID
from maskstream.pipeline.errors import ConfigError
from maskstream.training.config import TeacherConfig, TrainConfig
from maskstream.training.recipes import (
    describe_settings,
    load_recipe,
    recipe_names,
    training_command,
)

PAPER = ["paper-32s", "paper-16s", "paper-8s", "paper-8s-atonce"]


def test_the_shipped_recipes_are_those_of_the_paper_and_a_modern_one() -> None:
    """Each can be named without its path."""
    assert sorted(recipe_names()) == sorted([*PAPER, "modern"])


@pytest.mark.parametrize(
    ("recipe", "stride", "learning_rate", "steps"),
    [
        ("paper-32s", 32, 1e-10, 100_000),
        ("paper-16s", 16, 1e-12, 100_000),
        ("paper-8s", 8, 1e-14, 100_000),
        ("paper-8s-atonce", 8, 1e-10, 300_000),
    ],
)
def test_paper_recipes_hold_the_solvers_of_the_release(
    recipe: str, stride: int, learning_rate: float, steps: int
) -> None:
    """solver.prototxt and train.prototxt of voc-fcn*."""
    config = load_recipe(recipe, ["data=DIR"])

    network = Architecture.parse(config.model)
    assert (network.stride, network.head) == (stride, Head.PAPER)
    assert network.upsampling is Upsampling.FIXED
    assert network.colours is Colours.FCN
    assert network.at_once == recipe.endswith("atonce")
    assert config.optimizer.kind == "sgd"
    assert config.optimizer.learning_rate == learning_rate
    assert config.optimizer.momentum == 0.99
    assert config.optimizer.weight_decay == 5e-4
    assert config.optimizer.bias_factor == 2
    assert config.schedule.kind == "constant"
    assert config.schedule.warmup_epochs == 0
    assert config.loss.reduction == "sum"
    assert config.loss.class_weights == "none"
    assert config.loss.dice == 0
    assert (config.batch_size, config.accumulate, config.steps) == (1, 1, steps)
    assert config.augment is None
    assert config.average is None


def test_words_lie_over_the_recipe() -> None:
    """A key reaches into a part; what the recipe says beside it stays."""
    config = load_recipe(
        "modern",
        ["data=2024", "optimizer.learning_rate=1e-10", "augment.crop_hw=[64, 96]"],
    )

    assert config.data == Path("2024").absolute()
    assert config.optimizer.learning_rate == 1e-10
    assert config.augment is not None
    assert config.augment.crop_hw == (64, 96)
    assert config.schedule.kind == "poly"


def test_a_recipe_can_be_a_file(tmp_path: Path) -> None:
    """One's own, with a class table of one's own."""
    (tmp_path / "classes.json").write_text(CAMVID.to_json())
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(f"data: DIR\nclasses: {tmp_path}/classes.json\naugment: null\n")

    config = load_recipe(recipe)

    assert config.classes == CAMVID
    assert config.augment is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["epoch=3"], "unknown key 'epoch', did you mean 'epochs'"),
        (["optimizer.kin=sgd"], "key 'optimizer.kin', did you mean 'kind'"),
        (["teacher.weight=2"], r"teacher\.weights is missing; give it as"),
        (["epochs=-1"], "epochs: input should be greater than 0, got '-1'"),
        (["optimizer.kind=adam"], "should be 'adamw' or 'sgd', got 'adam'"),
        (["classes=none.json"], r"classes: none\.json: no such file"),
        (["12"], "12: settings are given as key=value, such as epochs=12"),
        (["augment={"], "augment={: the value is not valid YAML"),
    ],
)
def test_what_cannot_be_used_is_told(words: list[str], message: str) -> None:
    """A typo never trains for an hour with a default."""
    with pytest.raises(ConfigError, match=message):
        load_recipe("modern", ["data=DIR", *words])


def test_an_unknown_recipe_is_told_with_those_there_are() -> None:
    """Nobody has to look for a list."""
    with pytest.raises(ConfigError, match=r"modren: no such recipe; .* modern, paper-"):
        load_recipe("modren")


def test_a_file_that_is_no_recipe_is_told(tmp_path: Path) -> None:
    """With its name."""
    path = tmp_path / "recipe.yaml"
    path.write_text("- a\n- b\n")

    with pytest.raises(ConfigError, match=r"recipe\.yaml: a mapping of settings"):
        load_recipe(path)


def test_the_command_of_a_run_makes_the_same_run() -> None:
    """It holds all that differs from the defaults, and no path of this machine."""
    words = ["data=/secret/set", "start=/secret/a.safetensors", "loss.dice=0.5"]
    config = load_recipe("paper-16s", [*words, "augment=null", "average=null"])

    command = training_command(config)

    assert "secret" not in command
    program, name, *again = shlex.split(command)
    assert (program, name) == ("maskstream", "train")
    same = load_recipe(None, again)
    replaced = {"data": config.data, "start": config.start, "out": config.out}
    assert same.model_copy(update=replaced) == config


def every_field(model: type[BaseModel]) -> Iterator[tuple[str, str | None]]:
    """Yield each setting of a part with its description."""
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}", field.description
        if isinstance(field.default, BaseModel):
            yield from every_field(type(field.default))


def test_every_default_has_its_reason() -> None:
    """A setting without a description is one that nobody can judge."""
    fields = [*every_field(TrainConfig), *every_field(TeacherConfig)]

    assert [name for name, description in fields if not description] == []


def test_every_setting_can_be_read_with_its_reason() -> None:
    """What ``--settings`` prints."""
    lines = list(describe_settings())

    assert "  learning_rate: 0.001" in lines
    assert all(len(line) <= 80 for line in lines)
