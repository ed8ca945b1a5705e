"""Networks for other runtimes: ONNX, OpenVINO's IR and torch.export.

labeller.py  from pixels to labels in one module: what is written
format.py    how a format is written and run; a file for each of the three
export.py    written, run, compared with the original, and only then given its name
"""

from __future__ import annotations

from maskstream.models.exporting.agreement import Agreement
from maskstream.models.exporting.export import FORMATS, MIN_AGREEMENT, export_network

__all__ = ["FORMATS", "MIN_AGREEMENT", "Agreement", "export_network"]
