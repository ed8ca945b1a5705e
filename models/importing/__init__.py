"""Weights of others, read as those of networks here.

files.py    a file -> tensors by the names they have there
formats.py  names -> which network, and which tensor is which of its own
match.py    both -> tensors taken, missing, of another shape, unused
imported.py all of it, and the saving
"""

from __future__ import annotations

from maskstream.models.importing.imported import (
    Imported,
    import_weights,
    save_imported,
)

__all__ = ["Imported", "import_weights", "save_imported"]
