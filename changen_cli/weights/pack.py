"""``changen weights pack``: from a training run to safetensors and a card."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from changen_cli import __version__
from changen_cli.errors import StoreError, UsageError
from changen_cli.models.changen import ChangenGenerator
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.training.checkpoint import LAST, read_checkpoint
from changen_cli.weights.card import Card, file_sha256
from changen_cli.weights.load import ARCHITECTURE

DTYPES = {"fp16": torch.float16, "fp32": torch.float32}


def pack_weights(
    run: Path,
    output: Path,
    name: str,
    *,
    dtype: str = "fp16",
    command: str = "",
    summary: str = "",
    licence: str = "",
    attribution: str = "",
    metrics: dict[str, Any] | None = None,
) -> Path:
    """Packs the moving average of a run's generator, spectral norm folded.

    Args:
        run: Folder of a training run, or one of its checkpoints.
        output: Folder for the weights and the card.
        name: Name of the weights; a plain file name.
        dtype: "fp16" (half the size) or "fp32", as stored; loading gives float32.
        command: The command that trained them, for the card.
        summary: One line for the card.
        licence: Licence of the weights, for the card.
        attribution: What users must say of the training data, for the card.
        metrics: Figures for the card.

    Returns:
        The safetensors file; its card lies beside it.

    Raises:
        TrainingError: If there is no checkpoint.
        UsageError: For a name that is not a plain file name, or an unknown dtype.
        StoreError: If the output cannot be written.
    """
    if not name or Path(name).name != name or name.startswith("."):
        raise UsageError(f"weights name {name!r}: give a plain name such as compact")
    if dtype not in DTYPES:
        raise UsageError(f"weights dtype {dtype!r}: choose {' or '.join(DTYPES)}")
    checkpoint = run / LAST if run.is_dir() else run
    state = read_checkpoint(checkpoint)
    config = state["config"]
    generator = ChangenGenerator(config.generator)
    generator.load_state_dict(state["average"])
    fold_spectral_norm(generator.eval())
    tensors = {key: value.contiguous().to(DTYPES[dtype]) for key, value in generator.state_dict().items()}
    path = output / f"{name}.safetensors"
    try:
        output.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        save_file(tensors, temporary, metadata={"format": "pt", "architecture": ARCHITECTURE})
        os.replace(temporary, path)
        arguments = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config.generator).items()}
        Card(
            name=name,
            architecture=ARCHITECTURE,
            arguments=arguments,
            sha256=file_sha256(path),
            summary=summary,
            licence=licence,
            attribution=attribution,
            training={
                "command": command,
                "changen": __version__,
                "iterations": state["iteration"],
                "seed": config.seed,
                "recipe": config.to_dict(),
            },
            metrics=metrics or {},
        ).write(path.with_suffix(".yaml"))
    except OSError as error:
        raise StoreError(f"{output}: cannot write the weights: {error.strerror or error}") from error
    return path
