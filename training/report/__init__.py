"""The report of a training run: what a person should see to know what to mend."""

from maskstream.training.report.page import write_report

__all__ = ["write_report"]
