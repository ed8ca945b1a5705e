"""Errors are printed as they are."""

from __future__ import annotations

import pytest

from maskstream.pipeline.console import print_error


def test_no_word_between_colons_becomes_a_picture(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nor does one in brackets become a style."""
    print_error("camera:x: want [bold]camera:NUMBER")

    assert capsys.readouterr().err == "maskstream: camera:x: want [bold]camera:NUMBER\n"
