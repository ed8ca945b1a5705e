"""The whole program, as a user starts it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from maskstream.pipeline.cli import main


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line on stderr; more lines, or none, are a defect."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


Run = Callable[..., Result]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """``run("probe", clip)``: the command line, in this process."""
    # serve sends the logs of the whole process to this test's stderr.
    monkeypatch.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers)

    def call(*arguments: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["maskstream", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capfd.readouterr()
        code = exit_.value.code
        return Result(code if isinstance(code, int) else 0, out, err)

    return call


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """``start("run", clip, ...)``: the command line, as a process of its own."""

    def call(*arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "maskstream", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return call
