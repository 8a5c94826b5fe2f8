"""``changen train``: the outer loop of Algorithm 1, for whatever model the recipe names."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import yaml

from changen_cli import rng
from changen_cli.device import DTYPES, resolve_precision
from changen_cli.errors import TrainingError
from changen_cli.training.batch import to_device
from changen_cli.training.checkpoint import LAST, read_checkpoint, restore, save_checkpoint
from changen_cli.training.config import TrainConfig
from changen_cli.training.data import CropSampler, batches, load_scenes
from changen_cli.training.learners import Learner, make_learner
from changen_cli.training.log import LossLog
from changen_cli.training.sheets import write_sheet

SHEET_ROWS = 8


@dataclass(frozen=True, slots=True)
class Progress:
    """What a running training tells its caller after each logged iteration.

    Attributes:
        iteration: Iterations done.
        iterations: Iterations wanted.
        images_per_second: Since the last report.
        seconds_per_iteration: Since the last report.
        losses: Scalars by name.
    """

    iteration: int
    iterations: int
    images_per_second: float
    seconds_per_iteration: float
    losses: dict[str, float]


def train(
    config: TrainConfig,
    output: Path,
    *,
    device: str = "cpu",
    report: Callable[[Progress], None] = lambda progress: None,
) -> Path:
    """Trains a model, or goes on with a run that was stopped.

    Args:
        config: The recipe.
        output: Folder of the run: ``config.yaml``, ``last.ckpt``, ``losses.csv``, ``tensorboard/``, ``sheets/``.
        device: A torch device.
        report: Called after each logged iteration.

    Returns:
        The last checkpoint.

    Raises:
        TrainingError: If the folder holds a run with other arguments, a loss or weight is no longer finite, the
            device has not the memory, or the folder cannot be written (the disk is full).
        SceneError: If the data cannot be read.
    """
    state = _find_state(config, output)
    with _writing(output):
        output.mkdir(parents=True, exist_ok=True)
        (output / "config.yaml").write_text(yaml.safe_dump(config.to_dict(), sort_keys=False), encoding="utf-8")
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    precision = DTYPES[resolve_precision(config.precision, device)]
    scenes, held_out = load_scenes(config.data)
    sampler = CropSampler(scenes, config, "train")
    shown = CropSampler(held_out or scenes, config, "val")
    samples = [shown[k] for k in range(SHEET_ROWS)]
    noise = rng.generator(config.seed, "val", "noise").standard_normal((SHEET_ROWS, config.noise_dim))
    sheet_noise = torch.from_numpy(noise.astype("float32"))

    learner = make_learner(config, device, precision)
    if state is not None:
        done = restore(state, learner)
    else:
        done = 0
        if config.init:
            _start_from(config, learner)
    since, clock, begun = done, time.monotonic(), time.monotonic()
    checkpoint = output / LAST
    with _writing(output):
        opened = LossLog(output, done, learner.columns)
    with opened as log:
        for iteration, raw in enumerate(batches(sampler, done, config.iterations, config.workers), done + 1):
            try:
                scalars = learner.step(to_device(raw, device, (iteration - 1) * config.batch_size))
            except torch.OutOfMemoryError as error:
                raise TrainingError(f"{device}: out of memory; lower batch_size or crop, or use bf16") from error
            learner.follow(iteration)
            last = iteration == config.iterations
            saving = iteration % config.save_every == 0 or last
            logging = iteration % config.log_every == 0 or last
            if saving or logging:
                losses = {name: float(value) for name, value in scalars.items()}
                _require_finite(losses, iteration, checkpoint)
            if logging:
                now = time.monotonic()
                rate = (iteration - since) * config.batch_size / max(now - clock, 1e-9)
                with _writing(output):
                    log.write(iteration, {"seconds": now - begun, "images_per_second": rate, **losses})
                report(Progress(iteration, config.iterations, rate, config.batch_size / rate, losses))
                since, clock = iteration, now
            if iteration % config.sample_every == 0 or last:
                with _writing(output):
                    write_sheet(output / "sheets" / f"{iteration:06d}.png", learner.show(samples, sheet_noise))
            if saving:
                _require_finite_weights(learner, iteration, checkpoint)
                save_checkpoint(checkpoint, iteration, learner, config)
    return checkpoint


def _start_from(config: TrainConfig, learner: Learner) -> None:
    """Takes another run's networks and optimizers as the start of this one; data, losses and rates are this one's."""
    checkpoint = Path(config.init)
    try:
        restore(read_checkpoint(checkpoint), learner)
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            f"{checkpoint}: its networks do not fit this recipe ({str(error).splitlines()[0]}); "
            "model, generator, discriminator and projected must be as in the run it is of"
        ) from error
    learner.reset_rates()


def _find_state(config: TrainConfig, output: Path) -> dict[str, Any] | None:
    """Reads the checkpoint to go on from, if there is one, and refuses to mix two runs."""
    if not (output / LAST).exists():
        return None
    state = read_checkpoint(output / LAST)
    # more iterations, other intervals or threads do not change what is learnt
    free = ("iterations", "log_every", "sample_every", "save_every", "workers", "threads")
    old: TrainConfig = replace(state["config"], **{name: getattr(config, name) for name in free})
    if old != config:
        before, now = old.to_dict(), config.to_dict()
        name = next(key for key in ("model", *now) if now[key] != before[key])
        raise TrainingError(
            f"{output}: holds a run with {name} = {before[name]}, not {now[name]}; give another --output, or delete it"
        )
    return state


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    """Turns what a full or protected disk raises into one line."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"{error.filename or output}: cannot be written ({error.strerror or error}); make room or choose another "
            "--output, and run the same command again: it goes on from the last checkpoint"
        ) from error


def _require_finite(losses: dict[str, float], iteration: int, checkpoint: Path) -> None:
    broken = [f"loss {name}" for name, value in losses.items() if not math.isfinite(value)]
    if broken:
        raise _diverged(broken[0], iteration, checkpoint)


def _require_finite_weights(learner: Learner, iteration: int, checkpoint: Path) -> None:
    """A finite loss can have had a gradient that is not; such weights must not replace a good checkpoint."""
    for network in (learner.generator, *learner.judges):
        for name, weight in network.named_parameters():
            if not bool(torch.isfinite(weight).all()):
                raise _diverged(f"weight {type(network).__name__}.{name}", iteration, checkpoint)


def _diverged(what: str, iteration: int, checkpoint: Path) -> TrainingError:
    good = f"the last good checkpoint is {checkpoint}" if checkpoint.exists() else "no checkpoint was written yet"
    return TrainingError(
        f"{what} is not finite after iteration {iteration}; {good}; lower the learning rates or use fp32"
    )
