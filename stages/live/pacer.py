"""Hold back what can be read faster than it is to be seen: files, segments."""

from __future__ import annotations

from av.container import InputContainer

__all__ = ["Pacer", "comes_in_bursts"]

_MAX_LATE_S = 1.0
_MAX_WAIT_S = 10.0


def comes_in_bursts(container: InputContainer) -> bool:
    """Whether the source gives pictures ahead of their time, as HLS and files do."""
    name = container.format.name
    return name == "hls" or (container.duration is not None and "rtsp" not in name)


class Pacer:
    """Says how long each picture is early."""

    def __init__(self) -> None:
        self._begin_s: float | None = None  # by the clock, of a picture at zero

    def wait_s(self, seconds: float, now_s: float) -> float:
        """Seconds until the picture at ``seconds`` of the source is due.

        One that is late, or far too early, is due now, and the others follow it.
        """
        if self._begin_s is None:
            self._begin_s = now_s - seconds
        early_s = self._begin_s + seconds - now_s
        if not -_MAX_LATE_S < early_s < _MAX_WAIT_S:
            self._begin_s, early_s = now_s - seconds, 0.0
        return max(early_s, 0.0)
