"""``changen weights pack``: from a training run to safetensors and a card."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save

from changen_cli import __version__
from changen_cli.errors import StoreError, TrainingError, UsageError
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.registry import make_network
from changen_cli.training.checkpoint import LAST, read_checkpoint
from changen_cli.weights.card import Card, file_sha256

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
    """Packs the moving average of a run's generator (or segmenter), spectral norm folded.

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
        TrainingError: If there is no checkpoint, or its weights are not finite.
        UsageError: For a name that is not a plain file name, or an unknown dtype.
        StoreError: If the output cannot be written.
    """
    if not name or Path(name).name != name or name.startswith(".") or name.endswith(".safetensors"):
        raise UsageError(f"weights name {name!r}: give a plain name such as compact")
    if dtype not in DTYPES:
        raise UsageError(f"weights dtype {dtype!r}: choose {' or '.join(DTYPES)}")
    checkpoint = run / LAST if run.is_dir() else run
    state = read_checkpoint(checkpoint)
    config = state["config"]
    arguments = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config.generator).items()}
    generator = make_network(config.model, arguments)
    generator.load_state_dict(state["average"])
    fold_spectral_norm(generator.eval())
    # whole numbers (how many batches a normalisation has seen) stay whole
    tensors = {
        key: value.contiguous().to(DTYPES[dtype] if value.is_floating_point() else value.dtype)
        for key, value in generator.state_dict().items()
    }
    for key, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise TrainingError(f"{checkpoint}: {key} is not finite in {dtype}; pack an earlier checkpoint or use fp32")
    path = output / f"{name}.safetensors"
    temporary = output / f"{name}.tmp"
    try:
        output.mkdir(parents=True, exist_ok=True)
        # one key: safetensors writes several in any order, and the same run must give the same SHA-256
        temporary.write_bytes(save(tensors, metadata={"format": "pt"}))  # with the modes of an ordinary file
        os.replace(temporary, path)
        Card(
            name=name,
            architecture=config.model,
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
    except (OSError, SafetensorError) as error:  # safetensors has an error of its own for a full disk
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise StoreError(f"{output}: cannot write the weights: {reason}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path
