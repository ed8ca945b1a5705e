"""All that was measured, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskstream.bench.advice import advise
from maskstream.bench.costs import Cost, Spread, spreads
from maskstream.bench.live import Live
from maskstream.bench.machine import Machine
from maskstream.bench.networks import NetworkCost, Variant
from maskstream.bench.program import Program
from maskstream.bench.whole import Whole

__all__ = ["Limit", "Report"]


@dataclass(frozen=True, slots=True)
class Limit:
    """The best that a pipeline of these parts could do."""

    ms: float
    """A frame, at the least: the cores are busy with the parts, and one part follows
    itself."""
    cores_ms: float
    """What the parts need, shared by all cores."""
    longest: str
    longest_ms: float

    @classmethod
    def of(cls, parts: Mapping[str, Cost], cores: int) -> Limit:
        """Find the limit of parts that were measured alone."""
        cores_ms = sum(cost.core_ms for cost in parts.values()) / cores
        longest = max(parts, key=lambda name: parts[name].ms)
        longest_ms = parts[longest].ms
        return cls(max(cores_ms, longest_ms), cores_ms, longest, longest_ms)

    @property
    def is_of_cores(self) -> bool:
        """All cores are busy; otherwise they wait for the longest part."""
        return self.cores_ms >= self.longest_ms


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Rounds of one bench: in each, every part was measured and then the whole."""

    machine: Machine
    clip: Mapping[str, Any]
    network: Mapping[str, Any]
    settings: Mapping[str, Any]
    parts: Sequence[Mapping[str, Cost]]
    wholes: Sequence[Whole]
    networks: Sequence[NetworkCost]
    live: Live
    program: Program

    def rounds_of(self, part: str) -> list[Cost]:
        """What a part took, round by round."""
        return [costs[part] for costs in self.parts]

    def median(self, part: str) -> Cost:
        """What a part took, in the median round of the clock and of the cores."""
        ms, core_ms = spreads(self.rounds_of(part))
        return Cost(ms.median, core_ms.median)

    @property
    def names(self) -> list[str]:
        """The parts, in the order that frames go through them."""
        return list(self.parts[0])

    @property
    def chosen(self) -> Variant:
        """How the network runs in the pipeline."""
        return next(one.variant for one in self.networks if one.is_chosen)

    @property
    def limit(self) -> Limit:
        """What the parts allow."""
        medians = {name: self.median(name) for name in self.names}
        return Limit.of(medians, self.machine.cores)

    @property
    def fps(self) -> Spread:
        """Frames a second of the pipeline."""
        return Spread.of(whole.fps for whole in self.wholes)

    @property
    def ratio(self) -> Spread:
        """The speed of the pipeline over what its parts allow, round by round.

        Both of a round are of the same minute, so that a machine whose speed drifts
        moves both.
        """
        cores = self.machine.cores
        return Spread.of(
            Limit.of(parts, cores).ms / whole.cost.ms
            for parts, whole in zip(self.parts, self.wholes, strict=True)
        )

    @property
    def bottleneck(self) -> str:
        """The part that costs most of what there is least of."""
        if not self.limit.is_of_cores:
            return self.limit.longest
        return max(self.names, key=lambda name: self.median(name).core_ms)

    @property
    def advice(self) -> str:
        """Which setting would help, in one sentence."""
        return advise(
            self.bottleneck, self.limit.is_of_cores, self.networks, self.settings
        )

    def to_json(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        limit = self.limit
        _, whole_core_ms = spreads([whole.cost for whole in self.wholes])
        return {
            "machine": self.machine.to_json(),
            "clip": dict(self.clip),
            "network": dict(self.network),
            "settings": dict(self.settings),
            "rounds": len(self.parts),
            "parts": [
                {"part": name, **_json_of(self.rounds_of(name))} for name in self.names
            ],
            "networks": [one.to_json() for one in self.networks],
            "pipeline": {
                "frames": self.wholes[0].frames,
                "fps": self.fps.to_json(),
                "core_ms": whole_core_ms.to_json(),
            },
            "limit": {
                "fps": round(1e3 / limit.ms, 2),
                "sum_core_ms": round(limit.cores_ms * self.machine.cores, 3),
                "cores": self.machine.cores,
                "longest_part": limit.longest,
                "longest_ms": round(limit.longest_ms, 3),
                "set_by": "cores" if limit.is_of_cores else limit.longest,
            },
            "ratio": self.ratio.to_json(),
            "bottleneck": self.bottleneck,
            "advice": self.advice,
            "live": self.live.to_json(),
            "program": self.program.to_json(),
        }


def _json_of(rounds: Sequence[Cost]) -> dict[str, Any]:
    ms, core_ms = spreads(rounds)
    return {"ms": ms.to_json(), "core_ms": core_ms.to_json()}
