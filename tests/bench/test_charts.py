"""Plots are SVG that any reader of XML takes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from maskstream.bench.charts import bars, lines


def test_bars_are_as_long_as_their_figures() -> None:
    """And names are text, whatever is in them."""
    drawn = ET.fromstring(bars([("a < b", 1.0, "1"), ("c", 4.0, "4")]))

    found = drawn.findall("{*}rect")
    first, second = (float(one.attrib["width"]) for one in found)
    assert second / first == 4.0
    assert "a < b" in {
        one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")
    }


def test_lines_go_through_every_point() -> None:
    """In the order of x, each series with its name."""
    series = {"one": [(2.0, 20.0), (1.0, 10.0)], "other": [(1.0, 5.0)]}

    drawn = ET.fromstring(lines(series, x_title="x", y_title="y"))

    assert len(drawn.findall("{*}circle")) == 3
    x = [float(one.attrib["cx"]) for one in drawn.findall("{*}circle")]
    assert x[0] < x[1]
    assert {"one", "other"} <= {one.text for one in drawn.findall("{*}text")}
