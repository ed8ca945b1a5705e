"""Run a command under the system call filter of a systemd unit, without systemd.

``python jail.py UNIT COMMAND...``: what the unit's SystemCallFilter and
RestrictAddressFamilies do not name fails with EPERM, as under systemd.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

_ALLOW = 0x7FFF0000  # SCMP_ACT_ALLOW
_FAIL = 0x00050000 | errno.EPERM  # SCMP_ACT_ERRNO
_EQUAL = 4  # SCMP_CMP_EQ


class _Compare(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def settings(unit: Path, name: str) -> list[str]:
    """Return every value of ``name`` in a unit file, in its order."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


def system_calls(name: str) -> set[str]:
    """Return a system call, or those of a set such as ``@system-service``."""
    if not name.startswith("@"):
        return {name}
    listing = subprocess.run(
        ["systemd-analyze", "syscall-filter", name],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    members = [line.strip() for line in listing.splitlines()[1:]]
    return {
        call
        for member in members
        if member and not member.startswith("#")
        for call in system_calls(member)
    }


def allowed_calls(unit: Path) -> set[str]:
    """Return what the filter lines of ``unit`` leave, the first an allow list."""
    allowed: set[str] = set()
    for line in settings(unit, "SystemCallFilter"):
        named = {
            call for name in line.lstrip("~").split() for call in system_calls(name)
        }
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def confine(calls: set[str], families: set[str]) -> None:
    """Let this process and what it executes make ``calls`` and no others."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_FAIL)))

    def allow(call: str, *comparisons: _Compare) -> None:
        number = library.seccomp_syscall_resolve_name(call.encode())
        array = (_Compare * len(comparisons))(*comparisons)
        library.seccomp_rule_add_array(
            filter_, ctypes.c_uint32(_ALLOW), number, len(comparisons), array
        )

    for call in calls - {"socket"}:
        allow(call)
    for family in families:
        allow("socket", _Compare(0, _EQUAL, getattr(socket, family), 0))
    if error := library.seccomp_load(filter_):
        raise OSError(-error, os.strerror(-error))


if __name__ == "__main__":
    unit = Path(sys.argv[1])
    (families,) = settings(unit, "RestrictAddressFamilies")
    confine(allowed_calls(unit), set(families.split()))
    os.execvp(sys.argv[2], sys.argv[2:])
