from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import typer
from typer.testing import CliRunner, Result

from maskstream.pipeline.commands.heatmaps import heatmaps
from maskstream.pipeline.errors import ConfigError, SinkError


def run(*arguments: object) -> Result:
    """Run the command by itself."""
    app = typer.Typer()
    app.command()(heatmaps)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.slow
def test_frames_of_a_video_get_a_map_for_each_class_asked_for(
    clip: Path, tmp_path: Path
) -> None:
    """At the video's own size, one frame in each interval."""
    folder = tmp_path / "maps"

    result = run(
        clip,
        *("-o", folder, "--every", "0.4", "--class", "road", "--class", "sky"),
    )

    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "clip-000000-road.png",
        "clip-000000-sky.png",
        "clip-000010-road.png",
        "clip-000010-sky.png",
    ]
    picture = cv2.imread(str(folder / names[0]))
    assert picture is not None
    assert picture.shape == (64, 96, 3)


@pytest.mark.slow
def test_a_picture_gets_all_classes_as_the_network_has_them(
    clip: Path, tmp_path: Path
) -> None:
    """Without names all are drawn; before upsampling they differ from after."""
    picture = tmp_path / "street.png"
    cv2.imwrite(str(picture), cv2.VideoCapture(str(clip)).read()[1])

    after = run(picture, "-o", tmp_path / "after")
    before = run(picture, "-o", tmp_path / "before", "--before-upsampling")

    assert (after.exit_code, before.exit_code) == (0, 0)
    names = [path.name for path in (tmp_path / "after").iterdir()]
    assert len(names) == 11
    name = "street-000000-road.png"
    contents = {(tmp_path / way / name).read_bytes() for way in ("after", "before")}
    assert len(contents) == 2


def test_a_misspelt_class_is_named_before_anything_is_made(
    clip: Path, tmp_path: Path
) -> None:
    """The nearest name is suggested."""
    result = run(clip, "-o", tmp_path / "maps", "--class", "rode")

    assert isinstance(result.exception, ConfigError)
    assert "did you mean road" in str(result.exception)
    assert not (tmp_path / "maps").exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(clip: Path) -> None:
    """Such as one in /proc."""
    result = run(clip, "-o", "/proc/maps")

    assert isinstance(result.exception, SinkError)
    assert "/proc/maps cannot be written: " in str(result.exception)


@pytest.mark.slow
def test_a_full_disk_leaves_no_empty_map(clip: Path, tmp_path: Path) -> None:
    """What is there under a final name is whole."""
    folder = tmp_path / "maps"
    folder.mkdir()
    (folder / "clip-000000-road.png.part").symlink_to("/dev/full")

    result = run(clip, "-o", folder, "--class", "road", "--overwrite")

    assert isinstance(result.exception, SinkError)
    assert "clip-000000-road.png cannot be written: no space" in str(result.exception)
    assert not list(folder.iterdir())


@pytest.mark.slow
def test_a_picture_cut_short_is_refused(clip: Path, tmp_path: Path) -> None:
    """FFmpeg would make the rest grey, of which the network believes something too."""
    picture = tmp_path / "street.jpg"
    cv2.imwrite(str(picture), cv2.VideoCapture(str(clip)).read()[1])
    picture.write_bytes(picture.read_bytes()[:-40])

    result = run(picture, "-o", tmp_path / "maps")

    assert isinstance(result.exception, ConfigError)
    assert "street.jpg: this is not a picture that can be read" in str(result.exception)
    assert not (tmp_path / "maps").exists()
