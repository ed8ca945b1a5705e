"""What of a picture nobody is to see."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from maskstream.models.classes import ClassTable
from maskstream.pipeline.config import Duration
from maskstream.pipeline.ledger import Ledger
from maskstream.stages.redact import Redactor

__all__ = ["PrivacyConfig"]


class PrivacyConfig(BaseModel):
    """Classes that are hidden before any picture leaves the network's side."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hide: tuple[str, ...] = Field(
        (), description="Names of classes of the model; none hides nothing."
    )
    style: Literal["pixelate", "fill"] = Field(
        "pixelate",
        description="pixelate leaves one mean colour for each cell of a twentieth of "
        "the picture's shorter side, so that one sees that somebody moves; fill "
        "leaves nothing.",
    )
    margin: float = Field(
        0.02,
        ge=0,
        le=1,
        description="Hidden around the class, as a share of the shorter side: labels "
        "are least sure at their edges.",
    )
    also_hold: Duration = Field(
        0.5,
        description="What was hidden so long before is hidden still, against labels "
        "that flicker; as long, nothing is shown after a connect.",
    )
    held: Literal["drop", "widen"] = Field(
        "drop",
        description="Frames with the labels of an earlier one: nobody has looked for "
        "people in them. widen shows them, with a margin that grows.",
    )

    def redactor(self, classes: ClassTable, ledger: Ledger) -> Redactor | None:
        """Make the stage; None where nothing is to be hidden.

        Raises:
            ConfigError: The model has no such class.
        """
        if not self.hide:
            return None
        return Redactor(
            classes,
            frozenset(self.hide),
            ledger,
            is_filled=self.style == "fill",
            margin=self.margin,
            also_hold_s=self.also_hold,
            shows_held=self.held == "widen",
        )
