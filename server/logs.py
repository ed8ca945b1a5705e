"""Logs: one line an event, as text or JSON, with the stream and without secrets."""

from __future__ import annotations

import logging
import re
import sys
from typing import Literal

from maskstream.stages.credentials import mask_in_text

__all__ = ["LogFormat", "LogLevel", "set_up_logs"]

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_STREAM = re.compile(r"([a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}): ")


def set_up_logs(form: LogFormat, level: LogLevel) -> None:
    """Send every log line to stderr in one form; systemd and Docker keep them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form))
    handler.addFilter(_mask)
    handler.addFilter(_name_stream)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("maskstream").setLevel(level.upper())


def _formatter(form: LogFormat) -> logging.Formatter:
    if form == "text":
        return logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    from pythonjsonlogger.json import JsonFormatter

    return JsonFormatter(
        ["levelname", "name", "message", "stream"],
        rename_fields={"levelname": "level", "name": "logger"},
        timestamp="time",
    )


def _mask(record: logging.LogRecord) -> bool:
    """Take credentials out of a line: the last resort, for none should be in it."""
    message = record.getMessage()
    record.msg, record.args = mask_in_text(message), ()
    if record.exc_info:
        text = logging.Formatter().formatException(record.exc_info)
        record.exc_text, record.exc_info = mask_in_text(text), None
    return True


def _name_stream(record: logging.LogRecord) -> bool:
    """Find the stream that a line begins with, for what sorts by it."""
    if not hasattr(record, "stream"):
        match = _STREAM.match(record.msg)
        record.stream = match.group(1) if match else None
    return True
