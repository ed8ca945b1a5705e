"""Commands that are imported when somebody calls them, not when help lists them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

__all__ = ["LazyCommand", "LazyGroup"]

_PACKAGE = "maskstream.pipeline.commands"


class LazyCommand(TyperCommand):
    """What the list of commands says of one, in place of it until it is called."""

    def __init__(self, name: str, home: str, panel: str, summary: str) -> None:
        """Stand in for a command.

        Args:
            name: as it is typed.
            home: MODULE:FUNCTION, or the Typer of a group, in the folder of commands.
            panel: of the help.
            summary: the first sentence of its own help.
        """
        super().__init__(name, help=summary, rich_help_panel=panel)
        self._home = home

    def load(self) -> Any:
        """Import the command itself. A module's `EXAMPLES` end its help."""
        module_name, _, attribute = self._home.partition(":")
        module = import_module(f"{_PACKAGE}.{module_name}")
        found = getattr(module, attribute)
        if isinstance(found, typer.Typer):
            found.info.name = self.name
            return typer.main.get_group(found)
        alone = typer.Typer(add_completion=False)
        alone.command(self.name, epilog=getattr(module, "EXAMPLES", None))(found)
        return typer.main.get_command(alone)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Give way to the command itself, which its context names from now on."""
        return self.load().make_context(*args, **kwargs)


class LazyGroup(TyperGroup):
    """A group that knows its commands by what the list says of them."""

    later: tuple[LazyCommand, ...] = ()

    def __init__(self, **attributes: Any) -> None:
        """Make the group of the commands in `later`."""
        super().__init__(**attributes)
        for command in self.later:
            self.add_command(command)
