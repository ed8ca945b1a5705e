"""A camera's clock that is wrong: what it says over RTSP and TCP, with another time."""

from __future__ import annotations

import re
import struct

__all__ = ["WrongClock"]

_SENDER_REPORT = 200  # RFC 3550, 6.4.1
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


class WrongClock:
    """Lays an error over the time in each sender report of one connection.

    Answers of RTSP and interleaved packets (RFC 2326, 10.12) share the connection.
    """

    def __init__(self, error_s: int) -> None:
        self.error_s = error_s
        """May be set at any time, as a clock may."""
        self.num_reports = 0
        """That came since the error was set; whoever sets it counts anew."""
        self._buffer = b""

    def alter(self, content: bytes) -> bytes:
        """Return what is whole of all that came so far."""
        self._buffer += content
        whole = b""
        while length := self._first_length():
            message, self._buffer = self._buffer[:length], self._buffer[length:]
            whole += self._altered(message)
        return whole

    def _first_length(self) -> int:
        """Count the bytes of the first message; 0 where it is not all there."""
        buffer = self._buffer
        if buffer[:1] == b"$":
            length = 4 + struct.unpack(">H", buffer[2:4])[0] if len(buffer) >= 4 else 0
        elif (end := buffer.find(b"\r\n\r\n")) >= 0:
            body = _LENGTH.search(buffer[:end])
            length = end + 4 + (int(body[1]) if body else 0)
        else:
            length = 0
        return length if length <= len(buffer) else 0

    def _altered(self, message: bytes) -> bytes:
        is_report = message[:1] == b"$" and message[1] % 2 == 1
        if not is_report or message[5] != _SENDER_REPORT:
            return message
        self.num_reports += 1
        (seconds,) = struct.unpack_from(">I", message, 12)
        said = struct.pack(">I", seconds + self.error_s)
        return message[:12] + said + message[16:]
