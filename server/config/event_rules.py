"""Rules of events, as keys or as a sentence."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from maskstream.pipeline.config import Duration
from maskstream.stages.events.rules import Rule

__all__ = ["Name", "RuleConfig", "WhenConfig"]

_SEEN = 0.001  # of the region: less is a speck, of which networks see many
_SENTENCE = re.compile(
    r"(?P<classes>[\w -]+?(?: or [\w -]+?)*) (?:"
    r"covers? (?P<side>more|less) than (?P<percent>[\d.]+) ?%"
    r"|(?P<verb>dis)?appears?)"
    r"(?: for (?P<for>[\d.]+ ?[a-z]+))?"
)


def _check_name(value: str) -> str:
    if re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}", value):
        return value
    raise ValueError(
        "a name is of letters, digits and . _ - (it names files, metrics and topics), "
        f"got {value!r}"
    )


def _check_corners(value: tuple[tuple[float, float], ...]) -> Any:
    if not all(0 <= number <= 1 for corner in value for number in corner):
        raise ValueError("corners are shares of the picture, x and y from 0 to 1")
    if len(value) in (1, 2):
        raise ValueError(f"a region needs three corners, got {len(value)}")
    return value


def _parse_sentence(value: Any) -> Any:
    """Turn "pedestrian covers more than 2 % for 1 s" into the keys it stands for."""
    if not isinstance(value, str):
        return value
    match = _SENTENCE.fullmatch(" ".join(value.split()))
    if match is None:
        raise ValueError(
            "a rule such as 'pedestrian covers more than 2 % for 1 s' or 'car appears' "
            f"is needed, got {value!r}"
        )
    when: dict[str, Any] = {"class": match["classes"].split(" or ")}
    if match["side"] is not None:
        side = "share_above" if match["side"] == "more" else "share_below"
        when[side] = float(match["percent"]) / 100
    else:
        when["disappears" if match["verb"] else "appears"] = True
    if match["for"] is not None:
        when["for"] = match["for"].replace(" ", "")
    return when


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, AfterValidator(_check_name)]
Share = Annotated[float, Field(ge=0, le=1)]
Corners = Annotated[tuple[tuple[float, float], ...], AfterValidator(_check_corners)]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class WhenConfig(_Config):
    """What must be seen, and for how long."""

    classes: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        (), alias="class", description="One class or several, which count together."
    )
    share_above: Share | None = Field(None, description="Of the region, from 0 to 1.")
    share_below: Share | None = Field(None, description="The same, for too little.")
    appears: bool = Field(False, description="More than a thousandth of the region.")
    disappears: bool = Field(
        False, description="Less than a thousandth, after there was more."
    )
    for_: Duration = Field(
        0.0, alias="for", description="How long; by default one frame is enough."
    )
    within: Corners = Field(
        (), description="Corners x, y of a region, from 0 to 1; none: all of it."
    )

    @model_validator(mode="after")
    def _check_one(self) -> WhenConfig:
        if not self.classes:
            raise ValueError("a rule needs a class")
        given = (self.share_above is not None, self.share_below is not None)
        if sum((*given, self.appears, self.disappears)) != 1:
            raise ValueError(
                "a rule needs one of share_above, share_below, appears and disappears"
            )
        return self


class RuleConfig(_Config):
    """When an event begins, and when it ends."""

    when: Annotated[WhenConfig, BeforeValidator(_parse_sentence)] = Field(
        description="The keys, or a sentence: pedestrian covers more than 2 % for 1 s."
    )
    hysteresis: Share = Field(
        0.2,
        description="It ends when the share is back by so much of the threshold: one "
        "that trembles around it is one event.",
    )
    ends_after: Duration = Field(
        1.0, description="And has been back for so long: labels flicker."
    )
    cooldown: Duration = Field(
        10.0, description="No new one so soon after: nobody reads a flood of messages."
    )

    def rule(self, name: str) -> Rule:
        """Make what the detector reads."""
        when = self.when
        threshold = when.share_above if when.share_above is not None else _SEEN
        if when.share_below is not None:
            threshold = when.share_below
        return Rule(
            name,
            when.classes,
            threshold,
            is_above=when.share_above is not None or when.appears,
            is_loss=when.disappears,
            for_s=when.for_,
            ends_after_s=self.ends_after,
            hysteresis=self.hysteresis,
            cooldown_s=self.cooldown,
            within=when.within,
        )
