"""Which input becomes which outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskstream.pipeline.config_file import parse_config
from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.plan import StreamPlan, plan_streams
from maskstream.stages.source import expand_inputs
from tests.clips import make_pictures


def plan(inputs: list[Path], **settings: object) -> list[StreamPlan]:
    """Plan a run of ``inputs``, which need only exist."""
    for path in inputs:
        path.touch()
    config = parse_config({"inputs": [str(path) for path in inputs], **settings})
    return plan_streams(config, expand_inputs(config.inputs))


def test_one_input_and_file_names_are_taken_as_they_are(tmp_path: Path) -> None:
    """Each output lands where it was asked to."""
    (only,) = plan(
        [tmp_path / "a.mp4"],
        output=tmp_path / "out.mkv",
        mask=tmp_path / "m.mkv",
        records=tmp_path / "r.jsonl",
    )

    assert only.outputs == {
        "video": tmp_path / "out.mkv",
        "mask": tmp_path / "m.mkv",
        "records": tmp_path / "r.jsonl",
    }


def test_many_inputs_share_a_folder(tmp_path: Path) -> None:
    """The folder is made, and each output is named after its input."""
    folder = tmp_path / "out"

    plans = plan(
        [tmp_path / "a.mp4", tmp_path / "b.mkv", tmp_path / "c.avi"],
        output=folder,
        mask=folder,
        records=folder,
    )

    assert folder.is_dir()
    assert [one.video for one in plans] == [
        folder / "a.mp4",
        folder / "b.mkv",
        folder / "c.mp4",
    ]
    assert plans[0].mask == folder / "a.masks.mkv"
    assert plans[0].records == folder / "a.jsonl"


def test_each_of_many_inputs_has_its_own_folder_of_pictures(tmp_path: Path) -> None:
    """Pictures of two inputs never mix."""
    plans = plan(
        [tmp_path / "a.mp4", tmp_path / "b.mp4"], mask_images=tmp_path / "masks"
    )

    assert [one.images for one in plans] == [
        tmp_path / "masks" / "a",
        tmp_path / "masks" / "b",
    ]


def test_a_second_video_track_makes_the_output_matroska(tmp_path: Path) -> None:
    """Only Matroska holds the mask track beside the picture."""
    (only,) = plan([tmp_path / "a.mp4"], output=tmp_path, video={"mask_track": True})

    assert only.video == tmp_path / "a.mkv"


def test_a_mask_track_does_not_fit_into_mp4(tmp_path: Path) -> None:
    """Asking for it is answered before anything runs."""
    with pytest.raises(ConfigError, match=r"must end with \.mkv"):
        plan(
            [tmp_path / "a.mp4"],
            output=tmp_path / "out.mp4",
            video={"mask_track": True},
        )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "nothing to write"),
        ({"output": "a.mp4"}, "already the input or another output"),
        ({"output": "no/folder/out.mp4"}, "no such folder"),
        ({"output": "out.gif"}, "must end with"),
        ({"output": "old.mp4"}, "exists; give another name"),
        ({"mask": "out.mp4"}, r"must end with \.mkv"),
        ({"output": "x.mkv", "mask": "x.mkv"}, "already the input or another output"),
        ({"records": "r.txt"}, "must end with"),
        ({"records": "r.jsonl", "summary": "s.txt"}, "must end with"),
    ],
)
def test_an_output_that_is_in_the_way_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    sentence: str,
) -> None:
    """Nothing is overwritten, mixed up or left half-decided."""
    monkeypatch.chdir(tmp_path)
    Path("old.mp4").touch()

    with pytest.raises(ConfigError, match=sentence):
        plan([tmp_path / "a.mp4"], **settings)


def test_many_inputs_do_not_fit_into_one_file(tmp_path: Path) -> None:
    """A file name with many inputs is answered with a folder."""
    with pytest.raises(ConfigError, match="many inputs need a folder"):
        plan([tmp_path / "a.mp4", tmp_path / "b.mp4"], output=tmp_path / "out.mp4")


def test_nothing_to_read_is_said() -> None:
    """No input at all is wrong usage."""
    with pytest.raises(ConfigError, match="nothing to read"):
        plan_streams(parse_config({"output": "x.mp4"}), [])


def test_pictures_are_not_replaced_by_their_masks(tmp_path: Path) -> None:
    """A folder that is read is not written to, whatever may be overwritten."""
    make_pictures(tmp_path / "pictures")
    config = parse_config(
        {
            "inputs": [str(tmp_path / "pictures")],
            "mask_images": tmp_path / "pictures",
            "overwrite": True,
        }
    )

    with pytest.raises(ConfigError, match="holds the pictures of an input"):
        plan_streams(config, expand_inputs(config.inputs))
