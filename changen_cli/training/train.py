"""``changen train``: the outer loop of Algorithm 1, for whatever model the recipe names."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from changen_cli import rng
from changen_cli.device import DTYPES, cores, resolve_precision
from changen_cli.errors import TrainingError
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.discover import load_scenes
from changen_cli.training.data.loader import batches, share_of
from changen_cli.training.data.scenes import StreamedScene
from changen_cli.training.distributed import make_team
from changen_cli.training.learners.base import Learner
from changen_cli.training.learners.make import make_learner
from changen_cli.training.run.checkpoint import LAST, read_checkpoint, restore
from changen_cli.training.run.folder import RunFolder, find_state

if TYPE_CHECKING:
    from lightning_fabric import Fabric

SHEET_ROWS = 8

NOT_HELD_OUT = "validation: none, since no scene is held out; name some with --val, or val: in a recipe's data"


def train(
    config: TrainConfig,
    output: Path,
    *,
    device: str = "cpu",
    team: Fabric | None = None,
    reporter: Reporter | None = None,
) -> Path:
    """Trains a model, or goes on with a run that was stopped.

    Several processes call this together, each with the same arguments. Each takes its share of every mini-batch, the
    gradients are averaged, and what is learnt is what one process would learn, up to rounding. So a run may also go on
    with another number of processes.

    Args:
        config: The recipe.
        output: Folder of the run (:class:`~changen_cli.training.run.folder.RunFolder`).
        device: A torch device, where there is no team.
        team: The processes of the run (:mod:`changen_cli.training.distributed`), launched; None for this one alone.
        reporter: Told of each logged iteration, the losses as its values (means over all processes), and of what a
            validation found.

    Returns:
        The last checkpoint.

    Raises:
        TrainingError: If the folder holds a run with other arguments, a loss or weight is no longer finite, the
            device has not the memory, or the folder cannot be written (the disk is full).
        SceneError: If the data cannot be read.
        UsageError: If the batch cannot be shared evenly by the processes.
    """
    reporter = reporter or Silent()
    team = team or make_team(device)
    device = str(team.device)
    mine = share_of(config.batch_size, team.global_rank, team.world_size)
    state = find_state(config, output)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    scenes, held_out = load_scenes(config.data, bare=config.crops.bare_scenes)
    classes = config.classes
    sampler = CropSampler(scenes, config.crops, seed=config.seed, stream="train", classes=classes)
    shown = CropSampler(held_out or scenes, config.crops, seed=config.seed, stream="val", classes=classes)
    samples = [shown[k] for k in range(SHEET_ROWS)]
    noise = rng.generator(config.seed, "val", "noise").standard_normal((SHEET_ROWS, config.noise_dim))
    sheet_noise = torch.from_numpy(noise.astype("float32"))

    learner = make_learner(config, device, DTYPES[resolve_precision(config.precision, device)])
    if state is not None:
        done = restore(state, learner)
    else:
        done = 0
        if config.init:
            _start_from(config, learner)
    learner.share(team)
    workers = (
        _workers(team, streamed=isinstance(scenes[0], StreamedScene)) if config.workers is None else config.workers
    )
    source = batches(
        sampler,
        done,
        config.iterations,
        batch_size=config.batch_size,
        noise_dim=config.noise_dim,
        workers=workers,
        mine=mine,
        pin=team.device.type == "cuda",
    )
    checkpoint = output / LAST
    opened = RunFolder(output, config, done, learner.columns, reporter.say) if team.is_global_zero else nullcontext()
    with opened as folder:
        if folder is not None and config.validate_every and done < config.iterations:
            if held_out:
                folder.hold_out(shown, device)
            else:
                reporter.say(
                    "validation: none, since no scene is held out; name some with --val, or val: in a recipe's data"
                )
        since, clock = done, time.monotonic()
        for iteration, batch in enumerate(source, done + 1):
            try:
                scalars = learner.step(*(part.to(device) for part in batch.parts(config.micro_batch)))
            except torch.OutOfMemoryError as error:
                raise TrainingError(
                    f"{device}: out of memory; lower micro_batch, batch_size or crop, or use bf16"
                ) from error
            learner.update_ema(iteration)
            last = iteration == config.iterations
            saving = iteration % config.save_every == 0 or last
            logging = iteration % config.log_every == 0 or last
            if saving or logging:
                losses = _mean(scalars, team)
                _require_finite(losses, iteration, checkpoint)
            if logging:
                now = time.monotonic()
                rate = (iteration - since) * config.batch_size / max(now - clock, 1e-9)
                since, clock = iteration, now
                if folder is not None:
                    folder.log(iteration, rate, losses)
                reporter.progress(training_progress(iteration, config, rate, losses))
            # before the checkpoint: a run that is killed between the two validates again, and decides the same
            if folder is not None and config.validate_every and (iteration % config.validate_every == 0 or last):
                paused = time.monotonic()
                folder.validate(iteration, learner)
                clock += time.monotonic() - paused  # not part of the throughput of training
            if folder is not None and (iteration % config.sample_every == 0 or last):
                folder.show(iteration, learner.show(samples, sheet_noise))
            if saving:
                _require_finite_weights(learner, iteration, checkpoint)
                if folder is not None:
                    folder.save(iteration, learner)
    return checkpoint


def training_progress(iteration: int, config: TrainConfig, rate: float, losses: dict[str, float]) -> Progress:
    """Says how far a training is; ``rate`` is in images a second, over all processes."""
    name, value = next(iter(losses.items()))  # the generator's own comes first
    note = f"{rate:.1f} images/s, {'G' if name.startswith('g_') else name} {value:.3f}"
    if "d_real" in losses:
        note += f", D {losses['d_real'] + losses['d_fake']:.3f}"
    left = (config.iterations - iteration) * config.batch_size / rate
    values = {**losses, "images_per_second": rate}
    return Progress("train", iteration, config.iterations, "iterations", note, left, values)


def _workers(team: Fabric, *, streamed: bool) -> int:
    """Chooses how many processes prepare crops for each process of the team.

    From memory one keeps up with any device; a streamed crop costs the reading of a scene.
    """
    each = cores() // int(getattr(team.strategy, "num_processes", 1))
    return max(1, min(8, each - 1)) if streamed else 1


def _mean(scalars: dict[str, Tensor], team: Fabric) -> dict[str, float]:
    """Averages scalars over the processes."""
    values = torch.stack([value.float() for value in scalars.values()])
    if team.world_size > 1:
        values = team.all_reduce(values, reduce_op="mean")  # type: ignore[assignment]
    return dict(zip(scalars, values.tolist(), strict=True))


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


def _require_finite(losses: dict[str, float], iteration: int, checkpoint: Path) -> None:
    broken = [f"loss {name}" for name, value in losses.items() if not math.isfinite(value)]
    if broken:
        raise _diverged(broken[0], iteration, checkpoint)


def _require_finite_weights(learner: Learner, iteration: int, checkpoint: Path) -> None:
    """A finite loss can have had a gradient that is not; such weights must not replace a good checkpoint."""
    for network in learner.networks:
        for name, weight in network.named_parameters():
            if not bool(torch.isfinite(weight).all()):
                raise _diverged(f"weight {type(network).__name__}.{name}", iteration, checkpoint)


def _diverged(what: str, iteration: int, checkpoint: Path) -> TrainingError:
    good = f"the last good checkpoint is {checkpoint}" if checkpoint.exists() else "no checkpoint was written yet"
    return TrainingError(
        f"{what} is not finite after iteration {iteration}; {good}; lower the learning rates or use fp32"
    )
