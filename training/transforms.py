"""What cameras and weather do to a picture, where torchvision has no transform.

Each follows the protocol of ``torchvision.transforms.v2``: pictures are
``tv_tensors.Image`` of (3, H, W), labels ``tv_tensors.Mask`` of (H, W), and every
chance is drawn from torch's generator.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

__all__ = ["ColourCast", "Compression", "Haze", "Night", "Rain", "RandomStretch"]


def _draw(low: float, high: float) -> float:
    return float(torch.empty(()).uniform_(low, high))


class RandomStretch(v2.Transform):  # type: ignore[misc]  # torchvision is untyped
    """Resize by a scale drawn on a log scale, and by another one along the width."""

    def __init__(self, min_scale: float, max_scale: float, max_stretch: float) -> None:
        super().__init__()
        self._log_scales = math.log(min_scale), math.log(max_scale)
        self._log_stretch = math.log(max_stretch)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = v2.query_size(flat_inputs)
        scale = math.exp(_draw(*self._log_scales))
        stretch = math.exp(_draw(-self._log_stretch, self._log_stretch) / 2)
        return {
            "size": [round(height * scale / stretch), round(width * scale * stretch)]
        }

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        # Masks are resized to the nearest pixel: labels are names, not quantities.
        return self._call_kernel(functional.resize, inpt, **params)


class _Picture(v2.Transform):  # type: ignore[misc]  # torchvision is untyped
    """A transform of float pictures in 0..1 that leaves labels alone."""

    _transformed_types = (tv_tensors.Image,)


class ColourCast(_Picture):
    """Weigh the channels apart, as another white balance, film or tinted glass does."""

    def __init__(self, max_gain: float) -> None:
        super().__init__()
        self._log_gain = math.log(max_gain)

    def transform(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        gains = torch.empty(3, 1, 1).uniform_(-self._log_gain, self._log_gain).exp()
        return inpt.mul(gains).clamp_(0, 1)


class Compression(_Picture):
    """Lose what JPEG loses, at a quality from poor to good. For uint8 pictures."""

    def transform(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(torch.randint(25, 91, ()))]
        pixels_hwc = inpt.permute(1, 2, 0).contiguous().numpy()
        _, coded = cv2.imencode(".jpg", pixels_hwc[..., ::-1], quality)
        decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB)
        return torch.from_numpy(decoded).permute(2, 0, 1)


class Haze(_Picture):
    """Fade towards a pale colour, more at the top, as mist and low sun do."""

    def transform(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        top, bottom = _draw(0.1, 0.7), _draw(0.0, 0.3)
        density = torch.linspace(top, bottom, inpt.shape[-2])[:, None]  # (H, 1)
        veil = _draw(0.6, 1.0) + torch.empty(3, 1, 1).uniform_(-0.05, 0.05)
        return torch.lerp(inpt, veil.expand_as(inpt), density.expand_as(inpt)).clamp_(
            0, 1
        )


class Night(_Picture):
    """Darken all but what the headlamps light, under lamps from orange to blue."""

    def transform(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        height, width = inpt.shape[-2:]
        rows = torch.linspace(-1, 1, height)[:, None]  # (H, 1)
        columns = torch.linspace(-1, 1, width)  # (W,)
        below = (rows - _draw(0.3, 0.7)) / 0.5
        aside = (columns - _draw(-0.3, 0.3)) / 0.8
        lamps = torch.exp(-below.square() - aside.square())  # (H, W)
        light = _draw(0.15, 0.5) + _draw(0.0, 0.6) * lamps
        warmth = _draw(-0.15, 0.25)
        colour = torch.tensor([1 + warmth, 1.0, 1 - warmth])[:, None, None]
        return (inpt.pow(_draw(1.0, 1.6)) * light * colour).clamp_(0, 1)


class Rain(_Picture):
    """Draw bright slanting streaks over a greyer picture."""

    def transform(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        height, width = inpt.shape[-2:]
        drops = (torch.rand(height, width) > 1 - _draw(0.002, 0.01)).float()
        length = 2 * int(torch.randint(4, 11, ())) + 1
        path = _slanted_line(length, slant=_draw(-0.5, 0.5))  # (L, L)
        fallen = F.conv2d(drops[None, None], path[None, None], padding="same")[0]
        streaks = fallen.clamp_(0, 1) * _draw(0.2, 0.5)  # (1, H, W)
        grey = torch.lerp(inpt, inpt.mean(), _draw(0.1, 0.4))
        return (grey + streaks * (0.9 - grey)).clamp_(0, 1)


def _slanted_line(length: int, *, slant: float) -> Tensor:
    """Draw a line from top to bottom of a square, (length, length) of 0 and 1."""
    rows = torch.arange(length)
    columns = (length / 2 + (rows - length / 2) * slant).long().clamp(0, length - 1)
    path = torch.zeros(length, length)
    path[rows, columns] = 1.0
    return path
