"""What a fresh run starts from: weights with their discriminators, or another run's checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from changen_cli.errors import ChangenError, UsageError, WeightsError
from changen_cli.models.detector import Detector
from changen_cli.models.registry import get_model
from changen_cli.models.spectral import load_folded
from changen_cli.options import build
from changen_cli.reporter import Reporter
from changen_cli.training.config.detection import IMAGENET, NOTHING, DetectionConfig
from changen_cli.training.config.run import RunOptions
from changen_cli.training.config.weights import find_start, names_weights
from changen_cli.training.learners.base import AnyLearner
from changen_cli.training.run.checkpoint import read_checkpoint, start_from
from changen_cli.weights.card import Card, discriminators_path, read_card, verify_weights


def start(config: RunOptions, learner: AnyLearner, reporter: Reporter) -> None:
    """Takes what a recipe's ``init`` names as the start of a run.

    A checkpoint brings networks and optimizers. Weights bring the network and its moving average (both are what was
    packed, buffers included) and, where NAME-discriminators lies beside them, the discriminators; optimizers are fresh.

    ``imagenet`` and ``none`` are for detectors: weights of the backbone alone, and nothing at all.

    Args:
        config: The recipe, with an ``init``.
        learner: Fresh networks and optimizers; updated.
        reporter: Told what the run starts from.

    Raises:
        TrainingError: If a checkpoint is missing, damaged, or of other networks.
        WeightsError: If weights are missing, damaged, or of another model or architecture.
    """
    if isinstance(config, DetectionConfig) and config.init in (IMAGENET, NOTHING):
        if not config.fresh:
            file = Path(config.imagenet_weights) if config.imagenet_weights else None
            assert isinstance(learner.network, Detector), "its learner takes no other"
            learner.network.load_imagenet(file)
            learner.start_fresh()
            reporter.say(f"the backbone starts from the ImageNet weights of {file or 'its package'}")
        return
    if not names_weights(config.init):
        start_from(Path(config.init), learner)
        return
    path, card = find_start(config.init, config.model)
    _require_equal(path, card, get_model(config.model).config, config.architecture, config.architecture_field)
    _load(path, card, learner.network, _read(path, card))
    learner.start_fresh()
    others = learner.networks[1:]
    beside = discriminators_path(path)
    if others and beside.is_file():
        _start_discriminators(beside, config, others)
        reporter.say(f"starts from {path} and its discriminators; optimizers start fresh")
        return
    reporter.say(f"starts from {path}; optimizers start fresh")
    if others:
        reporter.warn(f"{beside}: not there, so the discriminators start fresh, and the first images may get worse")


def adopt(values: Mapping[str, object]) -> dict[str, object]:
    """Takes model and architecture of a detector from what its training starts from, where the recipe has neither.

    Args:
        values: A recipe, as :func:`~changen_cli.training.config.run.parse` takes it.

    Returns:
        The recipe, with both.

    Raises:
        TrainingError: If a checkpoint is missing or damaged.
        WeightsError: If weights are missing.
        UsageError: If they are of another model than the recipe's.
    """
    init = values.get("init")
    if not isinstance(init, str) or init in ("", IMAGENET, NOTHING) or values.get("detector") is not None:
        return dict(values)
    if names_weights(init):
        path, card = find_start(init)
        model, arguments = card.architecture, dict(card.arguments)
    else:
        path = Path(init)
        config = read_checkpoint(path)["config"]
        model, arguments = config.model, asdict(config.architecture)
    if values.get("model", model) != model:
        raise UsageError(f"{path}: is of {model!r}, and the recipe trains {values['model']!r}; leave --model out")
    return {**values, "model": model, "detector": arguments}


def _start_discriminators(path: Path, config: RunOptions, networks: tuple[nn.Module, ...]) -> None:
    card = read_card(path.with_suffix(".yaml"))
    if card.part != "discriminators" or card.architecture != config.model:
        raise WeightsError(
            f"{path}: holds the {card.part} of {card.architecture!r}, not the discriminators of {config.model!r}; move "
            "it away, and they start fresh"
        )
    kind = get_model(config.model).discriminator
    if kind is not None:
        _require_equal(path, card, kind, getattr(config, "discriminator", None), "discriminator")
    tensors = _read(path, card)
    states: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        states.setdefault(number, {})[name] = value
    if states.keys() != set(map(str, range(1, len(networks) + 1))):
        raise WeightsError(
            f"{path}: holds {len(states)} discriminators, and the recipe trains {len(networks)}; take its losses from "
            "the card, or move the file away, and they start fresh"
        )
    for place, network in enumerate(networks, 1):
        _load(path, card, network, states[str(place)])


def _require_equal(path: Path, card: Card, kind: type[Any], wanted: Any, group: str) -> None:
    """Compares the arguments in a card with a recipe's, defaults included.

    Raises:
        WeightsError: If one differs; names the first.
    """
    try:
        held = asdict(build(kind, card.arguments, f"{group} of its card"))
    except ChangenError as error:
        raise WeightsError(f"{path}: this changen cannot use it ({error}); start from other weights") from error
    for name, value in asdict(wanted).items():
        if held[name] != value:
            raise WeightsError(
                f"{path}: is of {group}: {{{name}: {_text(held[name])}}}, and the recipe has {_text(value)}; leave "
                f"{group} out of the recipe (the card's is taken), or start from other weights"
            )


def _text(value: object) -> str:
    return str(list(value) if isinstance(value, tuple) else value)


def _read(path: Path, card: Card) -> dict[str, Tensor]:
    verify_weights(path, card)
    try:
        return load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"{path}: not a safetensors file ({error}); pack it again") from error


def _load(path: Path, card: Card, network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Loads weights, whether their spectral norm was folded away or not."""
    values = {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    try:
        if card.part == "network":
            load_folded(network, values)
        else:
            network.load_state_dict(values)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{path}: does not fit its card ({reason}); start from other weights") from error
