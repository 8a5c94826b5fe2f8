"""``changen weights import``: from a file that a model's authors publish to safetensors and a card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from changen_cli.errors import UsageError, WeightsError
from changen_cli.files import write_whole
from changen_cli.models.registry import find_models, get_model, make_network
from changen_cli.version import __version__
from changen_cli.weights.card import Card, file_sha256
from changen_cli.weights.foreign import read_tensors, verify_file

PREFIX = "module."
"""What the names of a network begin with that was trained on several devices."""

COUNTER = "num_batches_tracked"
"""What batch normalisation counts; older files do not have it, and nothing uses it."""


def import_weights(
    file: Path,
    model: str,
    output: Path,
    name: str,
    *,
    sha256: str | None = None,
    licence: str = "",
    attribution: str = "",
) -> Path:
    """Reads a published file of a model, and writes its tensors under our names, with a card.

    Args:
        file: What ``torch.save`` wrote, or a ``.safetensors`` file. Nothing in it is executed.
        model: Name of the model that it is of.
        output: Folder for the weights and the card.
        name: Name of the weights; a plain file name.
        sha256: What the file must have, hexadecimal, or None.
        licence: Licence of the file, for the card.
        attribution: What users must say of it, for the card.

    Returns:
        The safetensors file; its card lies beside it.

    Raises:
        UsageError: If no published files of the model can be read, or the name is no plain file name.
        PluginError: If there is no such model.
        WeightsError: If the file cannot be read, or its tensors are not those of the network.
        StoreError: If the output cannot be written.
    """
    if not name or Path(name).name != name or name.startswith(".") or name.endswith(".safetensors"):
        raise UsageError(f"weights name {name!r}: give a plain name such as changestar-levir")
    read = get_model(model).published
    if read is None:
        known = ", ".join(key for key, record in find_models().items() if record.published)
        raise UsageError(f"--as {model}: there is nothing to read published files of it with; choose {known}")
    source = f"name a file that the authors of {model} publish"
    digest = verify_file(file, sha256, source)
    arguments, tensors = read(without_prefix(read_tensors(file, source, inside="model")))
    with torch.device("meta"):
        wanted = make_network(model, arguments).state_dict()
    stored = fitted(tensors, wanted, file)
    path = output / f"{name}.safetensors"
    # one key: safetensors writes several in any order, and the same file must give the same SHA-256
    write_whole(path, save(stored, metadata={"format": "pt"}))
    card = Card(
        name=name,
        architecture=model,
        arguments=arguments,
        sha256=file_sha256(path),
        summary=f"{model} as its authors publish it, from {file.name}",
        licence=licence,
        attribution=attribution,
        training={"imported": file.name, "imported_sha256": digest, "changen": __version__},
    )
    card.write(path.with_suffix(".yaml"))
    return path


def without_prefix(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Takes :data:`PREFIX` off every name."""
    return {name.removeprefix(PREFIX): tensor for name, tensor in state.items()}


def fitted(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    """Gives tensors as they are stored, all that a network has and no more.

    Args:
        tensors: By our names.
        wanted: The state of the network; only shapes count.
        file: Where they come from, for the message.

    Returns:
        Tensors for each name of ``wanted``, float32; counters that are missing are 0.

    Raises:
        WeightsError: If one is missing, is more, has another shape or is not finite.
    """
    missing = [name for name in wanted if name not in tensors and not name.endswith(COUNTER)]
    extra = [name for name in tensors if name not in wanted]
    if missing or extra:
        said = [f"{kind} {_first(names)}" for kind, names in (("lacks", missing), ("has besides", extra)) if names]
        raise WeightsError(f"{file}: {' and '.join(said)}; it is of another network, or of another version of it")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise WeightsError(
                f"{file}: {name} has the shape {list(tensor.shape)}, not {list(wanted[name].shape)}; it is of another "
                "network, or of another size of it"
            )
        if not bool(torch.isfinite(tensor).all()):
            raise WeightsError(f"{file}: {name} is not finite; get the file again")
    zero = torch.zeros((), dtype=torch.long)
    found = {name: tensors.get(name, zero) for name in wanted}
    return {
        name: (tensor.float() if wanted[name].is_floating_point() else tensor.long()).clone().contiguous()
        for name, tensor in found.items()
    }


def _first(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
