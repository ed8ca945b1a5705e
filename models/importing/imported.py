"""Read weights of others as those of a network here, and write them so."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from maskstream.models.classes import ClassTable
from maskstream.models.importing.files import ForeignFile, read_file
from maskstream.models.importing.formats import recognise
from maskstream.models.importing.guess import guess_classes
from maskstream.models.importing.match import Match, match
from maskstream.models.importing.plan import Plan
from maskstream.models.importing.target import Target, open_target
from maskstream.models.weights import ModelCard, write_weights
from maskstream.pipeline.errors import ConfigError, ModelError

__all__ = ["Imported", "import_weights", "save_imported"]

_SCORES = "score_fr.bias"  # has a number for each class, in every network here


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """What a file holds, as a network or a backbone here."""

    file: ForeignFile
    format: str
    target: Target
    match: Match
    num_classes: int | None
    """None for a backbone."""
    notes: tuple[str, ...]


def import_weights(path: Path, *, model: str | None = None) -> Imported:
    """Read a file and find out whose weights it holds.

    Args:
        path: of any format in `FORMATS`, or with the names of a network here.
        model: the network or the backbone, where the file cannot tell or is to be read
            as another.

    Raises:
        ModelError: the file cannot be read or recognised, or there is no such model.
    """
    file = read_file(path)
    try:
        recognised = recognise(file.tensors)
    except ModelError as error:
        if model is None:
            raise ModelError(f"{path}: {error}") from error
        recognised = None  # what fits is looked for by the names of the model
    if recognised is None and model is None:
        names = ", ".join(list(file.tensors)[:3])
        raise ModelError(
            f"{path}: no format known here has tensors named {names}, ...; "
            "--model NAME reads those of a network or a backbone here"
        )
    name, plan = recognised or ("plain state dict", Plan("", {}))
    if model is not None:
        plan = _plan_for(model, plan, file)
    target = open_target(plan.target, plan.num_classes or 1, colours=plan.colours)
    notes = (*file.notes, *plan.notes)
    if plan.colours is not None and not target.is_network:
        notes += (f"a model trains from it with ,colours={plan.colours.value}",)
    return Imported(
        file=file,
        format=name,
        target=target,
        match=match(file.tensors, plan, target),
        num_classes=plan.num_classes if target.is_network else None,
        notes=notes,
    )


def save_imported(
    imported: Imported,
    output: Path,
    *,
    classes: ClassTable | None = None,
    licence: str = "",
) -> ModelCard | None:
    """Write a network with a model card, or a backbone for a network to learn from.

    Args:
        imported: whole; nothing is made up.
        output: a safetensors file.
        classes: of the network, where the file does not say them.
        licence: what the weights may be used for.

    Returns:
        The card; None for a backbone.

    Raises:
        ModelError: tensors are missing or of another shape.
        ConfigError: there are more or fewer classes than the network has, or the
            output's folder is missing.
    """
    if not output.parent.is_dir():
        raise ConfigError(f"{output.parent}: there is no such folder to write into")
    if not imported.match.is_complete:
        raise ModelError(_tell_incomplete(imported))
    path, target = imported.file.path, imported.target
    tensors = target.complete(imported.match.taken)
    source = f"{path.name}, SHA-256 {_digest(path)}"
    licence = licence or f"not stated; that of {path.name}"
    if not target.is_network:
        metadata = {
            "backbone": target.name,
            "colours": target.colours.value,
            "source": source,
            "licence": licence,
        }
        write_weights(output, _usual_names(target, tensors), metadata)
        return None
    card = ModelCard(
        model=target.name,
        classes=_choose_classes(imported, classes),
        data="not stated by the file it was imported from",
        licence=licence,
        training_command="maskstream weights import FILE -o OUT",
        training_size_hw=None,
        preprocessing=target.colours.description,
        source=f"{imported.format}: {source}",
    )
    write_weights(output, tensors, {"model_card": card.to_json()})
    return card


def _plan_for(model: str, plan: Plan, file: ForeignFile) -> Plan:
    """Read a file as the weights of a model, by any names that lead to its tensors."""
    num_classes = plan.num_classes
    if num_classes is None and _SCORES in file.tensors:
        num_classes = file.tensors[_SCORES].numel()
    target = open_target(model, num_classes or 1)
    if target.is_network and num_classes is None:
        raise ModelError(
            f"{file.path}: it holds no scores of classes, so it is no whole {model}; "
            "--model with the name of its backbone takes that alone"
        )
    own = {name: name for name in target.shapes}
    return replace(
        plan,
        target=model,
        num_classes=num_classes,
        names={**target.trunk_names, **own, **plan.names},
        notes=(),
    )


def _usual_names(target: Target, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name a backbone's tensors as files of ImageNet weights do."""
    usual = {ours: theirs for theirs, ours in target.trunk_names.items()}
    return {usual[name]: tensor for name, tensor in tensors.items()}


def _choose_classes(imported: Imported, given: ClassTable | None) -> ClassTable:
    num_classes = imported.num_classes or 0
    classes = given or imported.file.classes or guess_classes(num_classes)
    if len(classes) != num_classes:
        raise ConfigError(
            f"{imported.file.path}: the network has {num_classes} classes, "
            f"the class table {len(classes)}"
        )
    return classes


def _tell_incomplete(imported: Imported) -> str:
    found = imported.match
    wanted = len(imported.target.needed)
    troubles = {
        "missing": found.missing,
        "of another shape": tuple(
            f"{name} ({shapes})" for name, shapes in found.misfits.items()
        ),
        "flawed": tuple(f"{name} ({why})" for name, why in found.flawed.items()),
    }
    told = "; ".join(
        f"{trouble}: {', '.join(names)}" for trouble, names in troubles.items() if names
    )
    return (
        f"{imported.file.path}: {len(found.taken)} of {wanted} tensors of "
        f"{imported.target.name} are there; {told}"
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
