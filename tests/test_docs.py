"""The docs speak of what is there: links, commands, options and examples."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

import maskstream
from maskstream.pipeline.cli import COMMANDS as LAZY_COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
COMMANDS = {name: command.load() for name, command in LAZY_COMMANDS.items()}


def page_id(page: Path) -> str:
    """Name a page in a test's id."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files that a page links to, pictures among them, exist."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())

    broken = [
        link
        for link in links
        if "://" not in link and not (page.parent / link).exists()
    ]

    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_command_and_option_exists(page: Path) -> None:
    """Each ``maskstream COMMAND --option`` of a page is one that the program knows."""
    text = page.read_text().replace("\\\n", " ")
    lines = re.findall(r"maskstream ([a-z-]+ [^`\n|]*)", text)

    for line in lines:
        command, *words = shlex.split(line)
        node = COMMANDS[command]
        while words and words[0] in getattr(node, "commands", {}):
            node = node.commands[words.pop(0)]
        known = {name for option in node.params for name in option.opts}
        given = {word for word in words if re.fullmatch(r"--?[a-z][\w-]*", word)}

        assert given <= known | {"-h"}, line


def test_every_command_has_its_place_in_the_readme() -> None:
    """A command that the README does not name is one that nobody finds."""
    readme = (ROOT / "README.md").read_text()

    named = set(re.findall(r"`(?:maskstream )?([a-z-]+)[^`]*`", readme))
    assert set(COMMANDS) - named == set()


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_python_examples_use_public_names(page: Path) -> None:
    """Examples parse, and what they take from the package is there."""
    for example in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        tree = ast.parse(example)
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "maskstream"
        }

        assert used <= set(maskstream.__all__)
