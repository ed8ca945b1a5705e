from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from maskstream.models.backbones import build_backbone
from maskstream.models.weights import DEFAULT_WEIGHTS, write_weights
from maskstream.pipeline.commands.weights import weights
from maskstream.pipeline.errors import ConfigError, ModelError


def run(*words: str | Path) -> str:
    """Run ``maskstream weights WORDS`` and return what it prints."""
    result = CliRunner().invoke(weights, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def state_dict(tmp_path: Path) -> Path:
    """Write the state dict of VGG11's backbone, with a stranger in it."""
    path = tmp_path / "vgg11.pth"
    torch.save({**build_backbone("vgg11").state_dict(), "x": torch.ones(1)}, path)
    return path


@pytest.mark.slow
def test_the_embedded_weights_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name that --model takes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert DEFAULT_WEIGHTS in run("list")


def test_a_damaged_card_stops_no_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are listed, and the file is named in one line."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "maskstream/weights/odd.safetensors"
    path.parent.mkdir(parents=True)
    write_weights(path, {"x": torch.ones(1)}, {"model_card": '{"model": 5}'})

    output = run("list")

    assert DEFAULT_WEIGHTS in output
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{path}: this is not a model card: ")


@pytest.mark.slow
def test_a_card_is_shown() -> None:
    """For people, and as JSON for programs."""
    text = run("show", DEFAULT_WEIGHTS)
    card = json.loads(run("show", DEFAULT_WEIGHTS, "--json"))

    assert "pedestrian" in text
    assert "CC BY-NC" in text
    assert card["model"] == "fcn8s-lite0-slim"


@pytest.mark.slow
def test_a_foreign_file_is_looked_at_before_it_is_imported(state_dict: Path) -> None:
    """Show tells what was recognised and what has no place."""
    output = run("show", state_dict)

    assert "caffe VGG: vgg11, 16 of 16 tensors" in output
    assert "unused: x: vgg11 has no such tensor" in output


@pytest.mark.slow
def test_a_backbone_is_imported_to_train_from(state_dict: Path, tmp_path: Path) -> None:
    """The output says how it is used."""
    output = tmp_path / "vgg11.safetensors"

    text = run("import", state_dict, "-o", output)

    assert f"backbone_weights={output}" in text
    assert output.is_file()


@pytest.mark.slow
def test_a_file_that_lacks_tensors_is_refused(state_dict: Path, tmp_path: Path) -> None:
    """All that is missing is named, and nothing is written."""
    output = tmp_path / "vgg16.safetensors"

    with pytest.raises(ModelError, match=r"vgg16 are there; missing: .*conv5_3\.bias"):
        run("import", state_dict, "-o", output, "--model", "vgg16")

    assert not output.exists()


@pytest.mark.slow
def test_an_export_is_compared_on_the_clip_named(clip: Path, tmp_path: Path) -> None:
    """The shares of equal labels are told."""
    output = tmp_path / "net.xml"

    text = run(
        "export", DEFAULT_WEIGHTS, "--format", "openvino", "-o", output,
        "--pictures", clip,
    )  # fmt: skip

    assert "8 pictures" in text
    assert output.with_suffix(".bin").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["export", "x", "--format", "coreml", "-o", "x.mlmodel"],
            "--format must be one of onnx, openvino, torch-export, got 'coreml'",
        ),
        (["import", "x.pth", "-o", "x.pt"], r"must end with \.safetensors, got \.pt"),
    ],
)
def test_what_cannot_be_done_is_refused(words: list[str], message: str) -> None:
    """One sentence says what would be right."""
    with pytest.raises(ConfigError, match=message):
        run(*words)


@pytest.mark.parametrize(
    ("words", "older"),
    [
        (["average", DEFAULT_WEIGHTS, DEFAULT_WEIGHTS, "-o"], "net.safetensors"),
        (["import", "x.pth", "-o"], "net.safetensors"),
        (["export", DEFAULT_WEIGHTS, "--format", "onnx", "-o"], "net.onnx"),
        (["export", DEFAULT_WEIGHTS, "--format", "openvino", "-o"], "net.bin"),
        (["export", DEFAULT_WEIGHTS, "--int8", "--calibrate", "x", "-o"], "net.xml"),
    ],
)
def test_older_files_are_replaced_only_if_asked(
    words: list[str], older: str, tmp_path: Path
) -> None:
    """That is told before any work."""
    path = tmp_path / older
    path.write_text("of yesterday")
    output = path.with_suffix(".xml") if older == "net.bin" else path

    with pytest.raises(ConfigError, match=rf"{older} exists; .*or overwrite it"):
        run(*words, output)

    assert path.read_text() == "of yesterday"


def test_what_a_foreign_file_holds_is_json_too(state_dict: Path) -> None:
    """Where programs ask for it."""
    told = json.loads(run("show", state_dict, "--model", "vgg11", "--json"))

    assert told["model"] == "vgg11"
    assert len(told["taken"]) == 16
    assert list(told["unused"]) == ["x"]


@pytest.mark.parametrize("content", [b"", b"junk" * 9, None])
def test_a_file_that_is_no_safetensors_is_named_beside_the_list(
    content: bytes | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Empty, of something else, or cut short."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "odd.safetensors"
    write_weights(path, {"x": torch.ones(9)}, {"model_card": "{}"})
    path.write_bytes(path.read_bytes()[:-4] if content is None else content)

    assert DEFAULT_WEIGHTS in run("list", tmp_path)

    (record,) = caplog.records
    assert f"{path}: this is not a safetensors file: " in record.getMessage()
