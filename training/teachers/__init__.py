"""Labels for unlabelled pictures, where networks trained elsewhere agree."""

from __future__ import annotations

from maskstream.training.teachers.agreement import agree, label_together
from maskstream.training.teachers.folder import pictures_of, write_taught
from maskstream.training.teachers.opening import open_teacher
from maskstream.training.teachers.opinion import VOID, Opinion, Teacher

__all__ = [
    "VOID",
    "Opinion",
    "Teacher",
    "agree",
    "label_together",
    "open_teacher",
    "pictures_of",
    "write_taught",
]
