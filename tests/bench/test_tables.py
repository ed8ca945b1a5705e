"""The tables of the documents are those of the figures beside them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measured import page, plot, short_table
from benchmarks.tables import read_figures

_ROOT = Path(__file__).parents[2]


def test_documents_say_what_was_measured() -> None:
    """Nobody writes a figure by hand: benchmarks/tables.py --render does."""
    figures = read_figures()
    bench, peers, growth = (figures[name] for name in ("bench", "peers", "growth"))

    assert page(**figures) in (_ROOT / "docs/performance.md").read_text()
    assert short_table(bench, peers) in (_ROOT / "README.md").read_text()
    assert plot(bench, growth) == (_ROOT / "docs/performance.svg").read_text()


def test_what_was_not_measured_is_left_out() -> None:
    """A program that failed takes nothing from what the others told."""
    figures = read_figures()

    told = page(bench=None, peers=figures["peers"], growth=None, start=None)

    assert "plain loop" in told
    assert "part alone" not in told
    assert not short_table(None, figures["peers"])
