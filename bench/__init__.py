"""Speed, measured: every part alone, the whole, and how near the whole comes."""

from __future__ import annotations

from maskstream.bench.measure import BenchSettings, measure
from maskstream.bench.page import write_json, write_page
from maskstream.bench.report import Report
from maskstream.bench.table import print_report
from maskstream.bench.trial import Bounds
from maskstream.bench.tune import tune
from maskstream.bench.tuned_file import print_tuned, write_tuned

__all__ = [
    "BenchSettings",
    "Bounds",
    "Report",
    "measure",
    "print_report",
    "print_tuned",
    "tune",
    "write_json",
    "write_page",
    "write_tuned",
]
