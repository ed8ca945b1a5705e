"""Whatever a file holds, reading it gives settings or a `ConfigError`."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskstream.pipeline.errors import ConfigError
from maskstream.pipeline.settings_file import read_settings

BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x: 2026-13-45", "a value cannot be read: month must be in 1..12"),
        ("x: 2026-01-01 00:00:00+99:00", "a value cannot be read"),
        (f"x: {'9' * 5000}", "a value cannot be read"),
        ("x: !!int a", "a value cannot be read"),
        ("x: !!int ''", "a value cannot be read"),
        ("x: !!bool 5", "a value cannot be read"),
        ("x: !!timestamp today", "a value cannot be read"),
        ("x: &x [*x]", "stands within itself"),
        ("x: &x {y: *x}", "stands within itself"),
        ("x: &x !!pairs [y: *x]", "stands within itself"),
        (f"x: {'[' * 60}{']' * 60}", "nested more than 50 deep"),
        (f"x: {'[' * 3000}{']' * 3000}", "nested more than 50 deep"),
        (BOMB, "more than 100000 values, anchors written out"),
        ("{[a]: b}", "not valid YAML"),
        ("x: !!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_whatever_cannot_be_read_is_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """Also where PyYAML lets an error of Python's through, or would not end."""
    path = tmp_path / "some.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=sentence) as caught:
        read_settings(path)

    assert str(caught.value).startswith(f"{path}: ")


def test_an_anchor_may_be_used_more_than_once(tmp_path: Path) -> None:
    """That is what anchors are for."""
    path = tmp_path / "some.yaml"
    path.write_text("x: &x {y: 1}\nz: [*x, *x]")

    assert read_settings(path) == {"x": {"y": 1}, "z": [{"y": 1}, {"y": 1}]}
