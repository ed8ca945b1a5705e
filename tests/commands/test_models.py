from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner, Result

from maskstream.models.at_hand import weights_at_hand
from maskstream.models.classes import CAMVID
from maskstream.models.weights import ModelCard, save_weights, write_weights
from maskstream.pipeline.commands.models import models
from maskstream.pipeline.errors import ConfigError, ModelError
from tests.models.networks import tiny_fcn

LITE0 = "fcn8s-lite0-slim"


def run(*arguments: str) -> Result:
    """Run the command by itself, a hundred columns wide."""
    app = typer.Typer()
    app.command()(models)
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "100"})


@pytest.mark.slow
def test_names_are_whole_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow, grep finds them."""
    monkeypatch.delenv("COLUMNS", raising=False)
    name = "fcn8s-vgg16-lecture,upsampling=learned-all,colours=imagenet"
    app = typer.Typer()
    app.command()(models)

    lines = CliRunner().invoke(app, [name]).stdout.splitlines()

    assert any(name in line and "33.79" not in line and "px" in line for line in lines)


@pytest.mark.slow
def test_the_list_fits_a_terminal() -> None:
    """A hundred columns hold a line for each network, and its weights at hand."""
    lines = run().stdout.splitlines()

    assert max(map(len, lines)) <= 100
    paper = next(line for line in lines if "fcn8s-vgg16-paper" in line)
    assert paper.split() == ["fcn8s-vgg16-paper", "134.3", "253.3", "8", "404", "px"]
    lite0 = next(line for line in lines if LITE0 in line)
    assert lite0.split()[-1] == "fcn8s-lite0"


def test_a_network_is_counted_at_the_size_and_classes_asked_for() -> None:
    """As JSON, for any network that has a name."""
    result = run(
        "fcn8s-vgg16-paper,upsampling=learned-all",
        *("--size", "1024x512", "--classes", "19", "--json"),
    )

    (one,) = json.loads(result.stdout)
    assert one["parameters"] == 134_456_985
    assert round(one["gflop"], 1) == 669.6
    assert (one["receptive_field"], one["stride"], one["weights"]) == (404, 8, [])


def test_weights_at_hand_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Embedded, in a folder, fetched before; files without a card are passed over."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    card = ModelCard(
        model="fcn8s-tiny-slim",
        classes=CAMVID,
        data="none",
        licence="none",
        training_command="none",
        training_size_hw=(32, 32),
    )
    path = tmp_path / "mine.safetensors"
    save_weights(path, tiny_fcn(card.model, len(CAMVID)), card)
    fetched = tmp_path / "cache/maskstream/weights/0123-theirs.safetensors"
    fetched.parent.mkdir(parents=True)
    fetched.write_bytes(path.read_bytes())
    (tmp_path / "damaged.safetensors").write_bytes(b"not a file of weights")

    found = weights_at_hand(tmp_path)

    assert [(one.name, one.card.model) for one in found] == [
        ("fcn8s-lite0", LITE0),
        (str(path), card.model),
        (str(fetched), card.model),
    ]


@pytest.mark.slow
def test_a_card_of_an_unknown_network_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are listed, and the file is named."""
    card = ModelCard("fcn8s-resnet49-slim", CAMVID, "", "", "", None)
    path = tmp_path / "mine.safetensors"
    write_weights(path, {"x": torch.ones(1)}, {"model_card": card.to_json()})
    monkeypatch.setattr("maskstream.models.summary.MEMBERS", (LITE0,))

    listed = json.loads(run("--weights", str(tmp_path), "--json").stdout)

    assert [one["name"] for one in listed] == [LITE0]
    told = f"{path}: torchvision has no classifier 'resnet49'"
    assert [record.getMessage()[: len(told)] for record in caplog.records] == [told]


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["fcn8s"], ModelError, "no model is named 'fcn8s'"),
        (["--size", "auto"], ConfigError, "as 512x288, got auto"),
    ],
)
def test_what_cannot_be_listed_is_explained(
    arguments: list[str], kind: type[Exception], message: str
) -> None:
    """Names that are none, and a size that is none."""
    result = run(*arguments)

    assert isinstance(result.exception, kind)
    assert message in str(result.exception)
