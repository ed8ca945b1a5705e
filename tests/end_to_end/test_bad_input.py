"""Bad input gives one clear sentence, exit 1 or 2, and leaves nothing broken behind."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from maskstream.models.build import build_model
from maskstream.models.weights import load_weights, save_weights
from tests.clips import make_clip
from tests.end_to_end.conftest import Run
from tests.small_disk import mounted

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good clip in it."""
    make_clip(tmp_path / "good.mp4", frames=5, audio=1)
    return tmp_path


def files_in(folder: Path) -> set[str]:
    """Name everything in a folder."""
    return {path.name for path in folder.iterdir()}


def make_bad(kind: str, path: Path) -> Path:
    """Make an input of which no picture can be had."""
    match kind:
        case "missing":
            return path
        case "zero bytes":
            path.touch()
        case "text":
            path.write_text("To whom it may concern\n" * 50)
        case "audio only":
            make_clip(path, video=False, audio=1, frames=25)
        case "no moov":
            make_clip(path, frames=25)
            whole = path.read_bytes()
            path.write_bytes(whole[: whole.index(b"moov") - 4])
        case "empty folder":
            path.mkdir()
        case "noise":
            path.write_bytes(random.Random(0).randbytes(20_000))
    return path


@pytest.mark.parametrize(
    "kind",
    [
        *("missing", "zero bytes", "text", "audio only", "no moov"),
        *("empty folder", "noise"),
    ],
)
def test_an_input_without_pictures_is_one_sentence(
    run: Run, tmp_path: Path, kind: str
) -> None:
    """The sentence names the input, and no output is begun."""
    bad = make_bad(kind, tmp_path / "bad.mp4")
    before = files_in(tmp_path)

    done = run("run", bad, "-o", tmp_path / "out.mp4", "--mask", tmp_path / "m.mkv")

    assert done.code == 1
    assert done.sentence.startswith(f"maskstream: {bad}")
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-o", "old.mp4"], "exists"),
        (["-o", "good.mp4", "--overwrite"], "already the input"),
        (["-o", "none/out.mp4"], "no such folder"),
        (["-o", "out.mp4", "--hide", "rode"], "did you mean road"),
        (["-o", "out.mp4", "--config", "typo.yaml"], "did you mean 'alpha'"),
        (["-o", "out.mp4", "--alpha", "7"], "less than or equal to 1"),
        (["-o", "out.mp4", "--model", "fcn9"], "no such weights"),
        (["-o", "out.mp4", "--weights", "good.mp4"], "good.mp4"),
        (["-o", "out.mp4", "--weights", "foreign.safetensors"], "foreign.safetensors"),
        (["-o", "out.mp4", "--device", "cuda:7"], "cuda"),
        (["-o", "out.mp4", "--engine", "openvino", "--precision", "fp16"], "fp16"),
        (["-o", "out.mp4", "--preset", "warp"], "preset"),
        (["-o", "out.mp4", "--size", "4x4"], "a size such as"),
        ([], "nothing to write"),
    ],
)
def test_an_impossible_wish_is_one_sentence(
    run: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    sentence: str,
) -> None:
    """What cannot be done is said before anything is written."""
    monkeypatch.chdir(folder)
    Path("old.mp4").write_text("precious")
    Path("typo.yaml").write_text("overlay: {alhpa: 0.5}")
    model, card = build_model("fcn8s-lite0-slim", 3), load_weights(DEFAULT)[1]
    save_weights(Path("foreign.safetensors"), model, card)
    before = files_in(folder)

    done = run("run", "good.mp4", *options)

    assert done.code in (1, 2)
    assert sentence in done.sentence
    assert files_in(folder) == before
    assert Path("old.mp4").read_text() == "precious"


DEFAULT = "fcn8s-lite0"


def test_a_configuration_is_checked_against_its_network(
    run: Run, tmp_path: Path
) -> None:
    """``check`` knows the classes that can be hidden."""
    config = tmp_path / "c.yaml"
    config.write_text("overlay: {hide: [rood]}")

    done = run("check", config)

    assert done.code == 2
    assert "no class is named 'rood'; did you mean road" in done.sentence


def test_wrong_usage_is_told_apart(run: Run) -> None:
    """An unknown option is exit 2, as everywhere."""
    assert run("run", "--nonsense").code == 2


def test_a_file_cut_in_the_middle_gives_what_it_has(run: Run, tmp_path: Path) -> None:
    """What can be decoded is written, and the rest is noted."""
    clip = make_clip(
        tmp_path / "cut.mp4",
        frames=100,
        size_hw=(128, 192),
        muxer_options={"movflags": "faststart"},
    )
    whole = clip.read_bytes()
    clip.write_bytes(whole[: len(whole) * 2 // 3])

    done = run("run", clip, "-o", tmp_path / "out.mp4")

    assert done.code == 0, done.err
    with av.open(str(tmp_path / "out.mp4")) as out:
        assert 30 < sum(1 for _ in out.decode(video=0)) < 100


def test_random_damage_never_breaks_the_program(run: Run, tmp_path: Path) -> None:
    """Of 200 clips damaged anywhere, each is written or refused in one sentence."""
    whole = make_clip(tmp_path / "whole.mp4", frames=12, audio=1).read_bytes()
    clips, out = tmp_path / "clips", tmp_path / "out"
    clips.mkdir()
    for seed in range(200):
        dice = random.Random(seed)
        damaged = bytearray(whole)
        for _ in range(dice.choice((1, 5, 50, 500))):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        (clips / f"{seed}.mp4").write_bytes(damaged)

    done = run("run", clips / "*.mp4", "-o", out, "--summary", tmp_path / "s.json")

    summary = json.loads((tmp_path / "s.json").read_text())
    assert done.code == (1 if summary["errors"] else 0)
    assert not [error for error in summary["errors"] if "unexpected" in error]
    assert len(summary["streams"]) == 200
    whole_ones = {path.stem for path in out.glob("*.mp4") if "partial" not in path.name}
    refused = {
        name
        for name, stream in summary["streams"].items()
        if any(error.startswith(stream["source"]) for error in summary["errors"])
    }
    assert whole_ones == set(summary["streams"]) - refused
    for stream in summary["streams"].values():
        assert stream["decoded"] == stream["written"] + stream["dropped"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for very little."""
    with mounted(tmp_path / "disk", "96k") as disk:
        yield disk


@pytest.mark.root
@pytest.mark.parametrize("option", ["-o", "--mask", "--records"])
def test_a_full_disk_is_one_sentence(
    run: Run, tmp_path: Path, small_disk: Path, option: str
) -> None:
    """Nothing takes the final name, and what was written before still plays."""
    source = "synthetic:testsrc2=size=640x360:rate=25:duration=20"
    suffix = {"-o": "out.mp4", "--mask": "out.mkv", "--records": "out.jsonl"}[option]
    out = small_disk / suffix

    done = run("run", source, option, out, "--size", "64x64", "--objects")

    assert done.code == 1
    assert "no space left on device" in done.sentence
    assert not out.exists()


@pytest.mark.root
def test_a_summary_that_cannot_be_written_hides_nothing(
    run: Run, small_disk: Path
) -> None:
    """What happened to the video is said too, and what was decoded."""
    source = "synthetic:testsrc2=size=640x360:rate=25:duration=20"
    summary = small_disk / "s.json"

    done = run(
        *("run", source, "-o", small_disk / "o.mp4", "--size", "64x64"),
        *("--summary", summary),
    )

    assert done.code == 1
    assert "o.mp4 cannot be written: no space left on device" in done.err
    assert "s.json cannot be written: no space left on device" in done.err
    assert "frames decoded" in done.out
    assert not summary.exists()


@pytest.mark.root
def test_a_folder_that_cannot_be_written_to_is_one_sentence(
    run: Run, folder: Path, small_disk: Path
) -> None:
    """The sentence names the folder."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    done = run("run", folder / "good.mp4", "-o", small_disk / "out.mp4")

    assert done.code == 2
    assert "cannot be written to" in done.sentence
