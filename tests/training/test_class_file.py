from __future__ import annotations

from pathlib import Path

import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.training.dataset import LabelledFolder
from tests.training.labelled import picture, rows_of, save


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.json", "{"),
        ("classes.json", '{"names": ["a"]}'),
        ("classes.json", '{"names": ["a"], "colours": [[0, 0, 300]]}'),
        ("classes.json", '{"names": ["a", "a"], "colours": [[0, 0, 1], [0, 0, 2]]}'),
        ("class_dict.csv", ""),
        ("class_dict.csv", "name,r,g,b\nroad,1,2\n"),
        ("class_dict.csv", "name,r,g,b\nroad,1,2,3\npath,1,2,3\n"),
        (
            "class_dict.csv",
            "name,r,g,b\n" + "".join(f"{n},0,{n % 99},{n // 99}\n" for n in range(255)),
        ),
        ("label_colors.txt", "nothing here"),
        ("label_colors.txt", b"\xff\xfe\x00"),
    ],
)
def test_a_class_table_that_is_none_is_named(
    tmp_path: Path, name: str, text: str | bytes
) -> None:
    """Whatever its form, and also where classes could not be told apart."""
    save(tmp_path / "images/train/a.png", picture(1))
    save(tmp_path / "labels/train/a.png", rows_of(0))
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(ConfigError, match=f"{name}: [a-z]"):
        LabelledFolder.open(tmp_path, "train")


def test_a_class_table_with_an_empty_line(tmp_path: Path) -> None:
    """As editors leave it at the end."""
    save(tmp_path / "images/train/a.png", picture(1))
    save(tmp_path / "labels/train/a.png", rows_of(0))
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\nroad, 1, 2, 3\n\n")

    assert LabelledFolder.open(tmp_path, "train").classes.names == ("road",)
