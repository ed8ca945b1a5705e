"""Names of networks: ``fcn8s-vgg16-paper``, ``fcn8s-atonce-vgg16-lecture,relu=no``.

A name says how fine the scores are, whether they were learnt at once, the backbone and
the head; options that differ from the defaults follow after commas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import TypeVar

from maskstream.models.backbones.base import Colours
from maskstream.pipeline.errors import ModelError

__all__ = ["Architecture", "Head", "Upsampling"]


class Head(Enum):
    """How the deepest features become scores."""

    PAPER = "paper"  # 7x7 fc6, borders as in the original release; wants padding 100
    LECTURE = "lecture"  # 1x1 fc6 and fc7, the lighter form that lectures teach
    SLIM = "slim"  # fc6 keeps its 7x7 window: thinned to nine places, or by channel
    TORCHVISION = "torchvision"  # FCNHead of torchvision on a dilated ResNet, no skips
    MMSEG = "mmseg"  # FCNHead of mmsegmentation, likewise

    @property
    def is_dilated(self) -> bool:
        """It scores features that a dilated backbone keeps at stride 8."""
        return self in (Head.TORCHVISION, Head.MMSEG)


class Upsampling(Enum):
    """How scores become finer, by two from skip to skip and to full size at the end."""

    LEARNED = "learned"  # learned deconvolutions, the last step bilinear: the paper
    LEARNED_ALL = "learned-all"  # the last step learned too
    FIXED = "fixed"  # deconvolutions that stay bilinear: the release
    BILINEAR = "bilinear"  # interpolation that stays at the border
    NEAREST = "nearest"
    NAILS = "nails"  # bed of nails: each score at the top left of four, zeros beside
    UNPOOL = "unpool"  # each score where the skip's own score of the class is highest

    @property
    def is_deconvolution(self) -> bool:
        """It is a transposed convolution, learned or not."""
        return self in (Upsampling.LEARNED, Upsampling.LEARNED_ALL, Upsampling.FIXED)


@dataclass(frozen=True, slots=True)
class Architecture:
    """Everything that decides the shape of a network, but the number of classes."""

    stride: int
    """Of the finest features that are scored: 8, 16 or 32."""
    backbone: str
    head: Head
    at_once: bool = False
    """Skips are scaled so that all streams can be learnt together from the start."""
    upsampling: Upsampling = Upsampling.LEARNED
    relu: bool = True
    """After fc6 and fc7; lecture notes leave it out."""
    auxiliary: bool = False
    """A second head for training, on the features before the last."""
    colours: Colours | None = None
    """None takes those that the backbone's usual ImageNet weights want."""

    @classmethod
    def parse(cls, name: str) -> Architecture:
        """Read a name.

        Raises:
            ModelError: it is not one.
        """
        base, *options = name.split(",")
        match = re.fullmatch(r"fcn(8|16|32)s(-atonce)?-(.+)-([a-z]+)", base)
        if match is None:
            raise ModelError(
                f"no model is named {name!r}; a name is fcn8s, fcn16s or fcn32s, a "
                "backbone and a head, such as fcn8s-vgg16-paper"
            )
        stride, at_once, backbone, head = match.groups()
        known = cls(
            stride=int(stride),
            backbone=backbone,
            head=_read(name, "head", head, Head),
            at_once=at_once is not None,
        )
        keys = [option.partition("=")[0] for option in options]
        for key, option in zip(keys, options, strict=True):
            if keys.count(key) > 1:
                raise ModelError(f"{name}: {key} is said {keys.count(key)} times")
            known = known._with_option(name, option)
        known._check(name)
        return known

    def __str__(self) -> str:
        at_once = "-atonce" if self.at_once else ""
        name = f"fcn{self.stride}s{at_once}-{self.backbone}-{self.head.value}"
        for field in fields(self):
            if field.name in _OPTIONS and getattr(self, field.name) != field.default:
                value = getattr(self, field.name)
                text = value.value if isinstance(value, Enum) else _YES_NO[value]
                name += f",{field.name}={text}"
        return name

    def _with_option(self, name: str, option: str) -> Architecture:
        key, _, text = option.partition("=")
        if key not in _OPTIONS:
            raise ModelError(
                f"{name}: no option is named {key!r}; known are {', '.join(_OPTIONS)}"
            )
        if key == "upsampling":
            return replace(self, upsampling=_read(name, key, text, Upsampling))
        if key == "colours":
            return replace(self, colours=_read(name, key, text, Colours))
        if text not in _YES_NO.values():
            raise ModelError(f"{name}: {key} must be yes or no, got {text!r}")
        if key == "auxiliary":
            return replace(self, auxiliary=text == "yes")
        return replace(self, relu=text == "yes")

    def _check(self, name: str) -> None:
        """Refuse what cannot be built."""
        if self.at_once and self.stride == 32:
            raise ModelError(
                f"{name}: fcn32s has no skips that could be learnt at once"
            )
        if self.stride == 32 and self.upsampling in _FOR_SKIPS:
            raise ModelError(
                f"{name}: {self.upsampling.value} upsamples from skip to skip, and "
                "fcn32s has none"
            )
        if self.head is Head.SLIM and not self.relu:
            raise ModelError(
                f"{name}: the slim head has no fc6 and fc7 without ReLU; relu=no is of "
                "the heads paper and lecture"
            )
        if self.head.is_dilated and self != replace(
            self, stride=8, at_once=False, upsampling=Upsampling.LEARNED, relu=True
        ):
            raise ModelError(
                f"{name}: {self.head.value}'s head has one form, such as "
                f"fcn8s-resnet50-{self.head.value}"
            )
        if self.auxiliary and not self.head.is_dilated:
            raise ModelError(
                f"{name}: only the heads torchvision and mmseg have an auxiliary one"
            )


Choice = TypeVar("Choice", bound=Enum)

_FOR_SKIPS = (Upsampling.NEAREST, Upsampling.NAILS, Upsampling.UNPOOL)
_OPTIONS = ("upsampling", "relu", "auxiliary", "colours")
_YES_NO = {True: "yes", False: "no"}


def _read(name: str, key: str, text: str, kind: type[Choice]) -> Choice:
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise ModelError(
            f"{name}: {key} must be one of {known}, got {text!r}"
        ) from None
