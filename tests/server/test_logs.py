"""Log lines: one form for all, the stream named, no secret in any."""

from __future__ import annotations

import json
import logging

import pytest

from maskstream.server.logs import LogFormat, set_up_logs


def test_json_lines_hold_time_level_logger_stream_and_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each is one object, which names the stream that it is about."""
    set_up_logs("json", "info")

    logging.getLogger("maskstream.server").info("%s: lost (%s)", "front", "eof")
    logging.getLogger("maskstream.server").debug("not shown")

    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert record.pop("time")
    assert record == {
        "level": "INFO",
        "logger": "maskstream.server",
        "message": "front: lost (eof)",
        "stream": "front",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_password_is_in_a_line_or_its_traceback(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even where somebody forgot to mask it."""
    set_up_logs(form, "info")
    try:
        raise OSError("rtsp://user:hush@cam/main is gone")
    except OSError:
        logging.getLogger("maskstream").exception("lost %s", "rtsp://user:hush@cam/x")

    printed = capsys.readouterr().err
    assert "hush" not in printed
    assert "rtsp://***@cam/x" in printed
    assert "Traceback" in printed
