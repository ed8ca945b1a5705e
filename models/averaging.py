"""Averaging weights: several trainings of one network -> one that has their mean.

Networks that began from one another, or from the same weights, lie in one valley: the
mean of a network and of its fine-tuned self keeps most of what each is better at
(Wortsman et al., Model soups, ICML 2022; Robust fine-tuning, CVPR 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from maskstream.models.fcn import FCN
from maskstream.models.weights import ModelCard, load_weights
from maskstream.pipeline.errors import ConfigError, ModelError

__all__ = ["average_weights"]


def average_weights(
    files: Sequence[str], shares: Sequence[float] | None = None
) -> tuple[FCN, ModelCard]:
    """Average the weights of networks of one kind; batch norm's statistics, too.

    Args:
        files: Two or more, as `load_weights` takes them.
        shares: What each counts, in any unit; None counts all the same.

    Returns:
        The network, and a card that says what all of them learnt from, without scores.

    Raises:
        ConfigError: There are fewer than two files, or other than one share each.
        ModelError: A file cannot be read, or they are of different networks.
    """
    if len(files) < 2:
        raise ConfigError(f"an average needs two files or more, got {len(files)}")
    counts = list(shares or [1.0] * len(files))
    if len(counts) != len(files) or min(counts) < 0 or not sum(counts):
        raise ConfigError(
            f"an average needs a share above 0 for each file, got {counts}"
        )
    loaded = [load_weights(file) for file in files]
    network, first = loaded[0]
    for file, (_, card) in zip(files, loaded, strict=True):
        if (card.model, card.classes) != (first.model, first.classes):
            raise ModelError(
                f"{file}: {card.model} and {first.model} of {files[0]} are not one "
                "network with the same classes"
            )
    states = [one.state_dict() for one, _ in loaded]
    mean = {
        name: sum(
            count / sum(counts) * state[name]
            for count, state in zip(counts, states, strict=True)
        )
        if tensor.is_floating_point()
        else tensor
        for name, tensor in states[0].items()
    }
    with torch.no_grad():
        network.load_state_dict(mean)
    cards = [card for _, card in loaded]
    parts = " and ".join(f"({card.training_command})" for card in cards)
    options = "".join(f" --share {share:g}" for share in shares or ())
    return network, replace(
        first,
        data="; ".join(dict.fromkeys(card.data for card in cards)),
        licence="; ".join(dict.fromkeys(card.licence for card in cards)),
        training_command=f"maskstream weights average{options}, of {parts}",
        scores={},
        source="",
    )
