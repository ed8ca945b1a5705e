from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from maskstream.pipeline.cli import COMMANDS, app

HEAVY = {"av", "cv2", "numba", "numpy", "openvino", "prometheus_client", "pydantic"}
HELP = """
import sys
from maskstream.pipeline.cli import main
sys.argv = ["maskstream", "--help"]
try:
    main()
except SystemExit as end:
    print(end.code, *sorted(sys.modules), sep=" ")
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_a_command_says_of_itself(name: str) -> None:
    """A summary is the first sentence of the command's own help."""
    command = COMMANDS[name].load()

    assert command.name == name
    own = " ".join(command.help.split("\n\n")[0].split())
    assert COMMANDS[name].help == own


@pytest.mark.slow
def test_help_is_printed_without_what_commands_need() -> None:
    """It takes no longer than Python and typer do: nothing heavy is imported."""
    done = subprocess.run(
        [sys.executable, "-c", HELP], capture_output=True, text=True, check=True
    )

    exit_code, *modules = done.stdout.splitlines()[-1].split()
    assert exit_code == "0"
    assert HEAVY & set(modules) == set()
    assert not any(name.startswith("torch") for name in modules)


def test_a_command_that_is_mistyped_is_guessed() -> None:
    """A name that is near one of ours is answered with that one."""
    result = CliRunner().invoke(app, ["rum"])

    assert result.exit_code == 2
    assert "Did you mean 'run'?" in result.output


def test_a_command_of_a_group_is_found() -> None:
    """``weights list --help`` is of the command in the group."""
    result = CliRunner().invoke(app, ["weights", "list", "-h"])

    assert result.exit_code == 0
    assert "List the weights at hand" in result.output
