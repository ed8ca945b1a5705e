"""Random pipelines, as drawn by hypothesis.

    source -> before ... -+                           +-> after ... +-> sink
    source -> before ... -+-> collect -> shared ... --+-> after ... +-> sink

Each item is a tuple of frames, each frame its stream and its index. A stage passes the
tuples on, joins them (N:1) or splits them (1:N); frame by frame they come to the stages
that all share, and go from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

__all__ = ["GraphPlan", "Incident", "graphs"]


@dataclass(frozen=True)
class Incident:
    """What happens to one stage, or what it makes another thread do."""

    kind: str
    """raise, leave, raise in clean-up, drain or cancel."""
    stage: int
    """Which stage, modulo their number."""
    moment: int
    """0 at set-up, n before the n-th output, behind the last when there are fewer."""


@dataclass(frozen=True)
class GraphPlan:
    """What is built and what happens to it."""

    lengths: tuple[int, ...]
    """Frames of each stream."""
    before: tuple[str, ...]
    """Kinds of the stages of each stream."""
    shared: tuple[str, ...]
    """Kinds of the stages that all share."""
    after: tuple[str, ...]
    """Kinds of the stages of each stream before its sinks."""
    num_sinks: int
    """Branches of the tee."""
    capacities: tuple[int, ...]
    """Those of the links, again and again."""
    is_live: bool
    """The link behind a source drops its oldest item when it is full."""
    incidents: tuple[Incident, ...]


def graphs(*incidents: str, is_live: bool = False) -> st.SearchStrategy[GraphPlan]:
    """Draw pipelines to which up to three of these incidents happen."""
    stages = st.lists(st.sampled_from(["pass", "join", "split"]), max_size=2)
    incident = st.builds(
        Incident, st.sampled_from(incidents), st.integers(0, 30), st.integers(0, 12)
    )
    return st.builds(
        GraphPlan,
        lengths=st.lists(st.integers(0, 12), min_size=1, max_size=3).map(tuple),
        before=stages.map(tuple),
        shared=stages.map(tuple),
        after=stages.map(tuple),
        num_sinks=st.integers(1, 2),
        capacities=st.lists(st.integers(1, 3), min_size=1, max_size=5).map(tuple),
        is_live=st.just(is_live),
        incidents=st.lists(incident, max_size=3).map(tuple),
    )
