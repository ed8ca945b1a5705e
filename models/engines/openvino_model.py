"""OpenVINO itself: imported so that it tells nobody, and once a process."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import Any

__all__ = ["import_openvino", "openvino_core"]


def import_openvino() -> ModuleType:
    """Import OpenVINO so that it tells nobody.

    By itself it reports every import and conversion to its makers over the network,
    unasked. Where the package that sends them is missing it uses a stub
    (openvino/tools/ovc/telemetry_utils.py), so that package is made to look missing.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino  # type: ignore[no-any-return]


@cache
def openvino_core() -> Any:
    """Return the one Core of this process.

    Its CPU plugin lends the thread that loads it a stack for signals, and takes it back
    with the last trace of the Core. Of two Cores that end in the order they began, or
    on other threads, one leaves its thread without: the next signal, Ctrl-C say, kills
    the process. One that never ends does not.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    return import_openvino().Core()
