"""What the numbers in planes of luma and chroma mean."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ColourSpec"]


@dataclass(frozen=True, slots=True)
class ColourSpec:
    """How luma and chroma are made of red, green and blue."""

    kr: float
    """Weight of red in luma."""
    kb: float
    """Weight of blue in luma."""
    is_full_range: bool
    """Black is 0 and white the largest code, rather than 16 and 235 of 255."""

    def rgb_from_codes(self) -> tuple[tuple[float, float, float, float], ...]:
        """Return red, green and blue in 0..255 as sums over codes of 8 bits.

        Returns:
            For each of the three the factors of Y, U and V, and what is added.
        """
        luma_zero, luma, chroma = (
            (0, 1.0, 1.0) if self.is_full_range else (16, 255 / 219, 255 / 224)
        )
        kg = 1 - self.kr - self.kb
        from_blue = 2 * (1 - self.kb) * chroma
        from_red = 2 * (1 - self.kr) * chroma
        return tuple(
            (luma, u, v, -luma * luma_zero - 128 * (u + v))
            for u, v in (
                (0.0, from_red),
                (-from_blue * self.kb / kg, -from_red * self.kr / kg),
                (from_blue, 0.0),
            )
        )
