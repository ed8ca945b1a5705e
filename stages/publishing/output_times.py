"""When a viewer shows a picture: times that rise whatever the camera's do."""

from __future__ import annotations

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.frame import Frame
from maskstream.stages.publishing.wire import TICKS_PER_S

__all__ = ["OutputTimes"]

_TOLERANCE_S = 2.0
_LEAST_STEP = TICKS_PER_S // 1000  # FLV counts in milliseconds


class OutputTimes:
    """Gives each picture its time, in ticks from the first one.

    From one frame to the next as much time passes as the camera says. Where that cannot
    be (it went back, or is two seconds away from what the clock on the wall says), and
    where pictures of ours were shown in between, as much as has passed here.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now_s = clock()  # of the last picture
        self._pts_s: float | None = None  # the same by the camera, if it was a frame
        self._time_s = 0.0  # the same, as given out
        self._ticks = -_LEAST_STEP

    def of_frame(self, frame: Frame) -> int:
        """Give the next frame its time."""
        return self._next(frame.pts_seconds)

    def of_stub(self) -> int:
        """Give a picture that is none of the camera's its time."""
        return self._next(None)

    def _next(self, pts_s: float | None) -> int:
        now_s = self._clock()
        step_s = passed_s = now_s - self._now_s
        if pts_s is not None and self._pts_s is not None:
            by_camera_s = pts_s - self._pts_s
            if by_camera_s > 0 and abs(by_camera_s - passed_s) <= _TOLERANCE_S:
                step_s = by_camera_s
        self._now_s, self._pts_s = now_s, pts_s
        self._time_s += step_s
        ticks = round(self._time_s * TICKS_PER_S)
        self._ticks = max(ticks, self._ticks + _LEAST_STEP)
        return self._ticks
