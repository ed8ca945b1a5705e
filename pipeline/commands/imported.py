"""What was found in a file of another program, told to people and to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskstream.pipeline.console import unbroken_console

if TYPE_CHECKING:
    from maskstream.models.importing import Imported

__all__ = ["describe_imported", "print_imported"]


def describe_imported(imported: Imported) -> dict[str, object]:
    """Tell the same as `print_imported`, for programs."""
    found, target = imported.match, imported.target
    return {
        "format": imported.format,
        "is_network": target.is_network,
        "model": target.name,
        "num_classes": imported.num_classes,
        "taken": sorted(found.taken),
        "missing": list(found.missing),
        "of_another_shape": dict(found.misfits),
        "flawed": dict(found.flawed),
        "unused": dict(found.unused),
        "notes": list(imported.notes),
    }


def print_imported(imported: Imported) -> None:
    """Tell what was recognised, and every tensor that has no place."""
    found, target = imported.match, imported.target
    console = unbroken_console()
    console.print(
        f"{imported.format}: {target.name}, {len(found.taken)} of "
        f"{len(target.shapes)} tensors",
        markup=False,
    )
    for note in imported.notes:
        console.print(f"  note: {note}", markup=False)
    for name in found.missing:
        console.print(f"  missing: {name}", markup=False)
    for name, shapes in found.misfits.items():
        console.print(f"  of another shape: {name} is {shapes}", markup=False)
    for name, reason in found.flawed.items():
        console.print(f"  flawed: {name}: {reason}", markup=False)
    for name, reason in found.unused.items():
        console.print(f"  unused: {name}: {reason}", markup=False)
