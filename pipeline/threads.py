"""How many threads decoder, encoder and network get, of the cores there really are.

Each library would count the cores of the machine, not those that affinity and a
container's quota leave, and each as if it were alone: x264 starts one and a half
threads for each core it sees, of each stream.

- The network on the CPU gets every core (its engine sees to that): it is most of the
  work, and the system gives its cores to the others while it waits.
- A decoder gets one thread: that decodes hundreds of frames a second, and each further
  one holds a picture back. Where the network is not on the CPU the decoder may be what
  is slowest, and gets a part of its stream's share.
- An encoder gets its stream's share of the cores, and never more than helps.

Live streams are another matter: their decoders have one thread, their encoders one or
two, since what an encoder's thread holds back is late.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ThreadBudget", "plan_threads"]

_MAX_DECODER, _MAX_ENCODER = 4, 8  # frames in flight, of which each is memory and time


@dataclass(frozen=True, slots=True)
class ThreadBudget:
    """Threads of each stream's decoder and encoder."""

    decoder: int
    encoder: int


def plan_threads(
    cores: int, *, num_streams: int, is_network_on_cpu: bool
) -> ThreadBudget:
    """Share out what this process may use.

    Args:
        cores: of affinity and quota.
        num_streams: that run at the same time.
        is_network_on_cpu: it wants cores, too.
    """
    share = max(1, cores // num_streams)
    decoder = 1 if is_network_on_cpu else max(1, min(_MAX_DECODER, share // 2))
    return ThreadBudget(decoder, min(_MAX_ENCODER, share))
