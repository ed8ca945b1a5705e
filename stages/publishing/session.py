"""One connection to a server, and the encoder that feeds it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import av

from maskstream.pipeline.clock import Clock
from maskstream.pipeline.errors import SinkError
from maskstream.pipeline.frame import Frame
from maskstream.stages.publishing.connection import Connection
from maskstream.stages.publishing.encoder import Encoding, LiveEncoder
from maskstream.stages.publishing.fitting import Fitter
from maskstream.stages.publishing.output_times import OutputTimes
from maskstream.stages.publishing.target import SEGMENT_S, Target
from maskstream.stages.publishing.wire import TICKS_PER_S, EncodedPicture, Opening

__all__ = ["Session"]

_LATE_S = 1.0  # pictures on their way for longer: the server takes less than we have


@dataclass(frozen=True, slots=True)
class _Sent:
    at_s: float
    is_frame: bool


class Session:
    """Encodes and sends pictures of one size until the connection is lost.

    Every method but `close` and `take_muxed` raises SinkError when it is.
    """

    def __init__(
        self,
        target: Target,
        encoding: Encoding,
        size_hw: tuple[int, int],
        rate: Fraction | None,
        *,
        max_fps: float | None,
        deadline_s: float,
        clock: Clock,
    ) -> None:
        self._target = target
        self._encoding = encoding
        self._rate = rate
        self._clock = clock
        self._fitter = Fitter(size_hw)
        self._times = OutputTimes(clock)
        self._interval = 0 if max_fps is None else round(TICKS_PER_S / max_fps)
        self._due = 0  # no frame is shown before
        self._keyframe_due = 0
        self._encoder: LiveEncoder | None = None
        self._sent: deque[_Sent] = deque()  # and not muxed yet
        self._num_settled = 0
        self.began_s = clock()
        self.last: av.VideoFrame | None = None
        """The picture of the last frame, in the size of the connection."""
        height, width = size_hw
        opening = Opening(
            target.address,
            target.format,
            target.muxer_options,
            deadline_s,
            height,
            width,
        )
        try:
            self._folder_lock = target.prepare()
            self._connection = Connection(opening)
        except OSError as error:
            raise _sink_error(error) from error

    def close(self) -> None:
        """End the connection at once."""
        self._connection.close()
        if self._folder_lock is not None:
            self._folder_lock.release()

    @property
    def is_up(self) -> bool:
        """The server has taken a picture."""
        return self._num_settled > 0

    @property
    def num_frames_on_their_way(self) -> int:
        """Frames that were sent and not muxed."""
        return sum(sent.is_frame for sent in self._sent)

    def settle(self) -> int:
        """Return how many frames more were muxed since the last call."""
        self._connection.poll()
        return self.take_muxed()

    def take_muxed(self) -> int:
        """Return the same of what is known by now; raises nothing."""
        num_frames = 0
        while self._num_settled < self._connection.num_muxed:
            num_frames += self._sent.popleft().is_frame
            self._num_settled += 1
        return num_frames

    def show(self, frame: Frame) -> str | None:
        """Send a frame; if not, return the reason why it is dropped."""
        pts = self._times.of_frame(frame)
        if reason := self._why_not():
            return reason
        if pts < self._due:
            return "fps_limit"
        self._due = max(self._due, pts - self._interval) + self._interval
        self.last = self._fitter.fit(frame.picture, frame.format)
        self._send(self.last, pts, is_frame=True)
        return None

    def show_stub(self, picture: av.VideoFrame) -> bool:
        """Send a picture of ours, of this connection's size; False if it cannot be."""
        pts = self._times.of_stub()
        if self._why_not():
            return False
        self._send(picture, pts, is_frame=False)
        return True

    def finish(self) -> None:
        """Send what the encoder holds, and say goodbye to the server."""
        if self._encoder is not None:
            self._pass_on(self._encoder.flush())
        self._connection.finish()

    def _why_not(self) -> str | None:
        """Say why no picture can be sent now."""
        if not self._sent:
            return None
        if not self.is_up:
            return "connecting"
        is_late = self._clock() - self._sent[0].at_s > _LATE_S
        return "receiver_slow" if is_late else None

    def _send(self, picture: av.VideoFrame, pts: int, *, is_frame: bool) -> None:
        is_keyframe = pts >= self._keyframe_due
        if is_keyframe:
            self._keyframe_due = pts + SEGMENT_S * TICKS_PER_S
        self._sent.append(_Sent(self._clock(), is_frame))
        if is_keyframe:
            self._check_room()
        try:
            if self._encoder is None:
                self._encoder = LiveEncoder(self._encoding, picture, self._rate)
            packets = self._encoder.encode(picture, pts, is_keyframe=is_keyframe)
        except av.FFmpegError as error:
            raise SinkError(f"{self._encoding.encoder}: {error.strerror}") from error
        self._pass_on(packets)

    def _check_room(self) -> None:
        """End in order, rather than with half a segment, where a disk fills up."""
        try:
            self._target.check_room()
        except OSError as error:
            self.finish()
            raise _sink_error(error) from error

    def _pass_on(self, packets: list[av.Packet[av.video.stream.VideoStream]]) -> None:
        for packet in packets:
            assert packet.pts is not None
            self._connection.send(
                EncodedPicture(packet.pts, 0, packet.is_keyframe, bytes(packet))
            )


def _sink_error(error: OSError) -> SinkError:
    return SinkError((error.strerror or str(error)).lower())
