"""The whole way from pictures to labels as one module, for other runtimes."""

from __future__ import annotations

import copy
import warnings

import torch
from torch import Tensor, nn

from maskstream.models.fcn import FCN
from maskstream.models.geometry import upsample_scores
from maskstream.pipeline.errors import ModelError

__all__ = ["Labeller", "sample_pictures"]

_MAX_CLASSES = 256  # labels are uint8


class Labeller(nn.Module):
    """A network with its last step and the arg-max, from uint8 to uint8.

    Other runtimes need nothing but pixels: colours are prepared and scores brought to
    full size inside. The scores at full size exist, unlike in the engines here.
    """

    def __init__(self, network: FCN) -> None:
        """Take a copy of a network, in fp32.

        Raises:
            ModelError: it has more classes than labels can tell apart.
        """
        super().__init__()
        if network.num_classes > _MAX_CLASSES:
            raise ModelError(
                f"the network has {network.num_classes} classes; the labels of an "
                f"export hold at most {_MAX_CLASSES}"
            )
        self.network = copy.deepcopy(network).float()
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Label pictures.

        Args:
            pictures: (N, H, W, 3) uint8 RGB.

        Returns:
            (N, H, W) uint8 class ids.
        """
        x = pictures.permute(0, 3, 1, 2).float()  # (N, 3, H, W)
        scores = self.network(x)  # (N, K, h, w)
        size_hw = (x.shape[2], x.shape[3])
        full = upsample_scores(scores, self.network.score_grid, size_hw)
        return full.argmax(1).to(torch.uint8)

    def trace(self) -> torch.jit.ScriptModule:
        """Record what is computed, for pictures of any number and size.

        Not `torch.export`: its proofs about sizes of any value took 14 s for ResNet18
        and had not ended after ten minutes for Lite0; the trace takes 2 s.
        """
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the trace says that it is deprecated
            return torch.jit.trace(  # type: ignore[no-untyped-call, no-any-return]
                self, sample_pictures(), check_trace=False
            )


def sample_pictures() -> Tensor:
    """Make pictures to record a network with: (N, H, W, 3) uint8, no side alike."""
    return torch.zeros(2, 96, 128, 3, dtype=torch.uint8)
