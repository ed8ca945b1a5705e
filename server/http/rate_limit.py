"""How often a client may ask: a bucket of tokens each, in a table that is bounded."""

from __future__ import annotations

from collections import OrderedDict

from maskstream.pipeline.clock import Clock

__all__ = ["RateLimit"]


class RateLimit:
    """Lets each client do ``rate_per_s``, and ``burst`` at once. For one thread.

    Args:
        rate_per_s: Tokens that flow into a client's bucket.
        burst: Tokens that it holds.
        clock: Seconds.
        max_clients: How many are remembered. The one who has asked least recently is
            forgotten first, and has a full bucket again.
    """

    def __init__(
        self, rate_per_s: float, burst: float, clock: Clock, *, max_clients: int = 4096
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._max_clients = max_clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By client: tokens left, and when that was."""

    def take(self, client: str) -> bool:
        """Take a token of ``client``; False when it has none."""
        tokens = self._tokens(client)
        may = tokens >= 1
        self._keep(client, tokens - may)
        return may

    def _tokens(self, client: str) -> float:
        now = self._clock()
        tokens, seen_at = self._buckets.get(client, (self._burst, now))
        return min(self._burst, tokens + (now - seen_at) * self._rate_per_s)

    def _keep(self, client: str, tokens: float) -> None:
        self._buckets[client] = tokens, self._clock()
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
