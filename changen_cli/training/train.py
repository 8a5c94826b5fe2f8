"""``changen train``: Algorithm 1 from the first line to the last."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
import yaml
from torch import Tensor, nn

from changen_cli import rng
from changen_cli.device import DTYPES, resolve_precision
from changen_cli.errors import TrainingError
from changen_cli.models.changen import ChangenGenerator
from changen_cli.models.oasis import SegmentationDiscriminator
from changen_cli.training.checkpoint import LAST, read_checkpoint, restore, save_checkpoint
from changen_cli.training.config import TrainConfig
from changen_cli.training.data import CropSampler, batches, load_scenes
from changen_cli.training.ema import MovingAverage
from changen_cli.training.log import LossLog
from changen_cli.training.sheets import write_sheet
from changen_cli.training.step import Players, TrainingBatch, train_step

SHEET_ROWS = 8

Network = TypeVar("Network", bound=nn.Module)


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
    """Trains a generator, or goes on with a run that was stopped.

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
    noise = rng.generator(config.seed, "val", "noise").standard_normal((SHEET_ROWS, config.generator.noise_dim))
    sheet_noise = torch.from_numpy(noise.astype("float32"))

    players = make_players(config, device)
    average = MovingAverage(players.generator, config.ema)
    if state is not None:
        done = restore(state, players, average)
    else:
        done = 0
        if config.init:
            _start_from(config, players, average)
    since, clock, begun = done, time.monotonic(), time.monotonic()
    checkpoint = output / LAST
    with _writing(output):
        opened = LossLog(output, done)
    with opened as log:
        for iteration, raw in enumerate(batches(sampler, done, config.iterations, config.workers), done + 1):
            try:
                scalars = train_step(players, _to_device(raw, device), config, precision)
            except torch.OutOfMemoryError as error:
                raise TrainingError(f"{device}: out of memory; lower batch_size or crop, or use bf16") from error
            average.update(players.generator, iteration)
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
                    write_sheet(output / "sheets" / f"{iteration:06d}.png", average.network, samples, sheet_noise)
            if saving:
                _require_finite_weights(players, iteration, checkpoint)
                save_checkpoint(checkpoint, iteration, players, average, config)
    return checkpoint


def make_players(config: TrainConfig, device: str) -> Players:
    """Makes fresh networks and their optimizers (Adam, section 4.1)."""
    generator = _placed(ChangenGenerator(config.generator), device)
    discriminator = _placed(SegmentationDiscriminator(config.discriminator), device)
    judged = list(discriminator.parameters())
    projected = None
    if config.projected > 0:
        from changen_cli.models.projected import ProjectedDiscriminator  # needs the extra "train"

        projected = _placed(ProjectedDiscriminator(config.generator.classes), device)
        judged += list(projected.heads.parameters())
    return Players(
        generator=generator,
        discriminator=discriminator,
        projected=projected,
        generator_optimizer=torch.optim.Adam(generator.parameters(), config.lr_generator, config.betas),
        discriminator_optimizer=torch.optim.Adam(judged, config.lr_discriminator, config.betas),
    )


def _start_from(config: TrainConfig, players: Players, average: MovingAverage) -> None:
    """Takes another run's networks and optimizers as the start of this one; data, losses and rates are this one's."""
    checkpoint = Path(config.init)
    try:
        restore(read_checkpoint(checkpoint), players, average)
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            f"{checkpoint}: its networks do not fit this recipe ({str(error).splitlines()[0]}); "
            "generator, discriminator and projected must be as in the run it is of"
        ) from error
    # an optimizer's state brings the other run's rates along
    for optimizer, rate in (
        (players.generator_optimizer, config.lr_generator),
        (players.discriminator_optimizer, config.lr_discriminator),
    ):
        for group in optimizer.param_groups:
            group.update(lr=rate, betas=config.betas)


def _placed(network: Network, device: str) -> Network:
    return network.to(device).to(memory_format=torch.channels_last).train()


def _to_device(raw: dict[str, Tensor], device: str) -> TrainingBatch:
    image = raw["image"].to(device, non_blocking=True).float().div_(127.5).sub_(1)
    return TrainingBatch(
        image=image.contiguous(memory_format=torch.channels_last),
        before=raw["before"].to(device, non_blocking=True),
        after=raw["after"].to(device, non_blocking=True),
        noise=raw["noise"].to(device, non_blocking=True),
    )


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
        name = next(key for key in now if now[key] != before[key])
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


def _require_finite_weights(players: Players, iteration: int, checkpoint: Path) -> None:
    """A finite loss can have had a gradient that is not; such weights must not replace a good checkpoint."""
    for network in (players.generator, *players.judges()):
        for name, weight in network.named_parameters():
            if not bool(torch.isfinite(weight).all()):
                raise _diverged(f"weight {type(network).__name__}.{name}", iteration, checkpoint)


def _diverged(what: str, iteration: int, checkpoint: Path) -> TrainingError:
    good = f"the last good checkpoint is {checkpoint}" if checkpoint.exists() else "no checkpoint was written yet"
    return TrainingError(
        f"{what} is not finite after iteration {iteration}; {good}; lower the learning rates or use fp32"
    )
