"""``changen weights pack``: from a training run to safetensors and a card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from changen_cli.errors import TrainingError, UsageError
from changen_cli.files import write_whole
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.registry import make_network
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.learners.make import make_learner
from changen_cli.training.run.checkpoint import BEST, LAST, Checkpoint, read_checkpoint
from changen_cli.training.run.log import BEST_SO_FAR, VALIDATION, read_log
from changen_cli.version import __version__
from changen_cli.weights.card import Card, discriminators_path, file_sha256

DTYPES = {"fp16": torch.float16, "fp32": torch.float32}

CHECKPOINTS = {"last": LAST, "best": BEST}
"""Which checkpoint of a run, and its file."""


def pack_weights(
    run: Path,
    output: Path,
    name: str,
    *,
    checkpoint: str = "last",
    discriminators: bool = False,
    dtype: str = "fp16",
    command: str = "",
    summary: str = "",
    licence: str = "",
    attribution: str = "",
    metrics: dict[str, object] | None = None,
    threshold: float | None = None,
) -> Path:
    """Packs the moving average of what a run trains (a generator, segmenter, detector), spectral norm folded.

    Args:
        run: Folder of a training run, or one of its checkpoints.
        output: Folder for the weights and the card.
        name: Name of the weights; a plain file name.
        checkpoint: Of a folder "last", where the run stands, or "best", where its best validation was
            (:mod:`changen_cli.training.validation.best`).
        discriminators: Whether what the network was trained against is packed too, into NAME-discriminators beside it,
            for a training that starts from these weights. Keys are "number of the network.name"; spectral norm stays,
            and frozen features are not in it.
        dtype: "fp16" (half the size) or "fp32", as stored; loading gives float32.
        command: The command that trained them, for the card.
        summary: One line for the card.
        licence: Licence of the weights, for the card.
        attribution: What users must say of the training data, for the card.
        metrics: Figures for the card.
        threshold: Of a detector: probability from which a pixel counts as changed, for the card; None for 0.5.

    Returns:
        The safetensors file; its card lies beside it.

    Raises:
        TrainingError: If there is no such checkpoint, or its weights are not finite, or discriminators are asked
            for and it has none.
        UsageError: For a name that is not a plain file name, an unknown dtype or checkpoint, or the best of a file.
        StoreError: If the output cannot be written.
    """
    if not name or Path(name).name != name or name.startswith(".") or name.endswith(".safetensors"):
        raise UsageError(f"weights name {name!r}: give a plain name such as compact")
    if dtype not in DTYPES:
        raise UsageError(f"weights dtype {dtype!r}: choose {' or '.join(DTYPES)}")
    source = _find_checkpoint(run, checkpoint)
    state = read_checkpoint(source)
    config = state["config"]
    arguments = _arguments(config.architecture)
    generator = make_network(config.model, arguments)
    generator.load_state_dict(state["ema"])
    fold_spectral_norm(generator.eval())
    tensors = _stored(generator.state_dict(), dtype, source)
    against = _stored(_discriminators(state, source), dtype, source) if discriminators else {}
    validated = _validated(source.parent / VALIDATION, state["iteration"])
    training = {
        "command": command,
        "changen": __version__,
        "checkpoint": next((which for which, file in CHECKPOINTS.items() if file == source.name), source.name),
        "iterations": state["iteration"],
        **validated,
        "seed": config.seed,
        "recipe": config.to_dict(),
    }
    path = output / f"{name}.safetensors"
    origin: dict[str, Any] = {"licence": licence, "attribution": attribution, "training": training}
    about = {
        "summary": summary,
        "metrics": metrics or {},
        "threshold": threshold,
        "resolution": seen_resolutions(config),
    }
    _write(path, tensors, config.model, arguments, **about, **origin)
    if discriminators:
        line = f"what {name} was trained against, for changen train --init"
        own = _arguments(getattr(config, "discriminator", None))
        _write(discriminators_path(path), against, config.model, own, summary=line, part="discriminators", **origin)
    return path


def seen_resolutions(config: object) -> tuple[float, float] | None:
    """Works out the finest and the coarsest imagery that a run saw: what its data were read at, and their scale jitter.

    Args:
        config: Of the run.

    Returns:
        Metres per pixel, to a millimetre; None where a source was read at its own pixels, whatever they were, and for
        runs that train no generator.
    """
    if not isinstance(config, TrainConfig) or not config.data:
        return None
    seen: list[float] = []
    for source in config.data:
        if source.resolution is None:
            return None
        least, largest = source.scale or config.crops.scale
        seen += [source.resolution / largest, source.resolution / least]
    return round(min(seen), 3), round(max(seen), 3)


def _arguments(config: Any) -> dict[str, object]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items()}


def _discriminators(state: Checkpoint, source: Path) -> dict[str, Tensor]:
    """Gives the state of every trained network but the first; a network leaves out what of it is frozen."""
    if len(state["networks"]) < 2:
        raise TrainingError(
            f"{source}: {state['config'].model!r} is trained against no discriminator; pack without --discriminators"
        )
    learner = make_learner(state["config"], "cpu", torch.float32)
    tensors: dict[str, Tensor] = {}
    for number, (network, values) in enumerate(zip(learner.networks, state["networks"], strict=True)):
        if number:
            network.load_state_dict(values)
            tensors |= {f"{number}.{key}": value for key, value in network.state_dict().items()}
    return tensors


def _stored(tensors: Mapping[str, Tensor], dtype: str, source: Path) -> dict[str, Tensor]:
    """Gives tensors as they are stored; whole numbers (how many batches a normalisation has seen) stay whole."""
    stored = {
        key: value.contiguous().to(DTYPES[dtype] if value.is_floating_point() else value.dtype)
        for key, value in tensors.items()
    }
    for key, tensor in stored.items():
        if not bool(torch.isfinite(tensor).all()):
            raise TrainingError(f"{source}: {key} is not finite in {dtype}; pack an earlier checkpoint or use fp32")
    return stored


def _write(path: Path, tensors: dict[str, Tensor], model: str, arguments: dict[str, object], **card: Any) -> None:
    """Writes a safetensors file and its card."""
    # one key: safetensors writes several in any order, and the same run must give the same SHA-256
    write_whole(path, save(tensors, metadata={"format": "pt"}))
    made = Card(name=path.stem, architecture=model, arguments=arguments, sha256=file_sha256(path), **card)
    made.write(path.with_suffix(".yaml"))


def _find_checkpoint(run: Path, checkpoint: str) -> Path:
    """Finds the checkpoint of a run that is asked for; what is no folder is a checkpoint itself."""
    if checkpoint not in CHECKPOINTS:
        raise UsageError(f"checkpoint {checkpoint!r}: choose {' or '.join(CHECKPOINTS)}")
    if run.is_dir():
        path = run / CHECKPOINTS[checkpoint]
        if checkpoint == "best" and not path.exists() and (run / LAST).exists():
            raise TrainingError(
                f"{run}: has no {BEST}, since no validation has found a best one yet; train on, with validation, until "
                "one does, or pack with --checkpoint last"
            )
        return path
    if checkpoint == "best" and run.name != BEST:
        raise UsageError(f"--checkpoint best: is for the folder of a run, and {run} is none; give its folder")
    return run


def _validated(log: Path, iteration: int) -> dict[str, dict[str, float]]:
    """Looks up the validation of an iteration, which saw the very weights of its checkpoint."""
    _, rows = read_log(log)
    found = next((row.values for row in rows if row.iteration == iteration), {})
    # what is not a number is no metric, and YAML has no word for it that all read
    kept = {name: value for name, value in found.items() if name != BEST_SO_FAR and math.isfinite(value)}
    return {"validation": kept} if found else {}
