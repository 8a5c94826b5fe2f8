"""Checkpoints: everything a run needs to go on as if it had never stopped."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from changen_cli.errors import TrainingError
from changen_cli.files import replacing_file
from changen_cli.training.config.parse import parse_run
from changen_cli.training.config.run import RunOptions
from changen_cli.training.learners.base import AnyLearner, LearnerState

LAST = "last.ckpt"
"""Name of the checkpoint that a run goes on from."""

BEST = "best.ckpt"
"""Name of the checkpoint of the best validation so far (:mod:`changen_cli.training.validation.best`)."""


class Checkpoint(LearnerState):
    """What :func:`read_checkpoint` gives.

    Attributes:
        iteration: Iterations done.
        config: The run's configuration.
        random: State of PyTorch's generator on the CPU, uint8.
        random_cuda: Of those on CUDA devices; empty where there were none.
    """

    iteration: int
    config: RunOptions
    random: Tensor
    random_cuda: list[Tensor]


def save_checkpoint(path: Path, iteration: int, learner: AnyLearner, config: RunOptions) -> None:
    """Writes a checkpoint, whole or not at all.

    Crops, events and z are functions of (seed, iteration), so the state of the networks, of the optimizers and of
    PyTorch's own generators is the whole state.

    Args:
        path: Checkpoint file.
        iteration: Iterations done.
        learner: Networks and optimizers.
        config: The run's configuration.

    Raises:
        TrainingError: If it cannot be written; the checkpoint before it stays.
    """
    state = {
        "iteration": iteration,
        "config": config.to_dict(),
        **learner.state(),
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    try:
        with replacing_file(path, TrainingError) as temporary:
            torch.save(state, temporary)
    except (TrainingError, RuntimeError) as error:  # torch turns a full disk into a RuntimeError
        raise TrainingError(
            f"{path}: cannot write the checkpoint of iteration {iteration}: {error}; the one before it is intact: free "
            "space and run the same command again, it resumes"
        ) from error


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint; tensors and plain values only, nothing in it is executed.

    Args:
        path: Checkpoint file.

    Returns:
        What :func:`save_checkpoint` wrote, its configuration parsed.

    Raises:
        TrainingError: If the file is missing or damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainingError(f"{path}: no such checkpoint; train first with: changen train --output RUN") from error
    except OSError as error:
        raise TrainingError(f"{path}: the checkpoint cannot be read ({error.strerror or error})") from error
    except Exception as error:  # a damaged archive can fail in any of the layers under torch.load
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrainingError(f"{path}: not a changen checkpoint, or damaged ({reason}); delete it") from error
    if not isinstance(state, dict) or not {"iteration", "config", "networks", "ema"} <= state.keys():
        raise TrainingError(f"{path}: not a changen checkpoint; delete it")
    state["config"] = parse_run(state["config"], str(path))
    return cast(Checkpoint, state)


def restore(state: Checkpoint, learner: AnyLearner) -> int:
    """Puts a checkpoint's state into networks, optimizers and random generators.

    Args:
        state: From :func:`read_checkpoint`.
        learner: Networks and optimizers; updated.

    Returns:
        Iterations done.

    Raises:
        RuntimeError: If a network is of another shape.
        ValueError: If an optimizer is, or there are other networks.
    """
    learner.restore(state)
    torch.set_rng_state(state["random"])
    # nothing draws from them after the networks are made, so a machine with fewer devices can go on as well
    if torch.cuda.is_available() and len(state["random_cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["random_cuda"])
    return state["iteration"]


def start_from(checkpoint: Path, learner: AnyLearner) -> None:
    """Takes another run's checkpoint as the start of this one; data, losses and rates are this one's.

    Args:
        checkpoint: Of the other run.
        learner: Fresh networks and optimizers; updated.

    Raises:
        TrainingError: If the file is missing, damaged, or of other networks.
    """
    state = read_checkpoint(checkpoint)
    try:
        learner.start_from(state)
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            f"{checkpoint}: its networks do not fit this recipe ({str(error).splitlines()[0]}); "
            "the model and the arguments of its networks must be as in the run it is of"
        ) from error
