"""``changen train``: the outer loop of Algorithm 1, for whatever model the recipe names."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from changen_cli.device import DTYPES, resolve_precision
from changen_cli.errors import TrainingError
from changen_cli.reporter import Reporter, Silent
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.discover import LIMITS, Limits
from changen_cli.training.data.loader import batches, choose_workers, share_of
from changen_cli.training.data.samplers import make_samplers
from changen_cli.training.distributed import local_processes, make_fabric, mean_over
from changen_cli.training.learners.base import Learner
from changen_cli.training.learners.make import make_learner
from changen_cli.training.run.checkpoint import LAST, restore
from changen_cli.training.run.finite import require_finite
from changen_cli.training.run.folder import RunFolder, find_state
from changen_cli.training.run.progress import Throughput, training_progress
from changen_cli.training.run.start import start

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def train(
    config: TrainConfig,
    output: Path,
    *,
    fabric: Fabric | None = None,
    reporter: Reporter | None = None,
    limits: Limits = LIMITS,
) -> Path:
    """Trains a model, or goes on with a run that was stopped.

    Several processes call this together, each with the same arguments. Each takes its share of every mini-batch, the
    gradients are averaged, and what is learnt is what one process would learn, up to rounding. So a run may also go on
    with another number of processes.

    Args:
        config: The recipe.
        output: Folder of the run (:class:`~changen_cli.training.run.folder.RunFolder`).
        fabric: The processes of the run and their devices (:mod:`changen_cli.training.distributed`), launched; None
            for this process alone, on the CPU.
        reporter: Told of each logged iteration, the losses as its values (means over all processes), and of what a
            validation found.
        limits: How much of the scenes is held in memory.

    Returns:
        The last checkpoint.

    Raises:
        TrainingError: If the folder holds a run with other arguments, a loss or weight is no longer finite, the
            device has not the memory, or the folder cannot be written (the disk is full).
        WeightsError: If the weights that it starts from are missing, damaged, or of another network.
        StoreError: If a picture cannot be written.
        SceneError: If the data cannot be read.
        UsageError: If the batch cannot be shared evenly by the processes.
    """
    reporter, fabric = reporter or Silent(), fabric or make_fabric("cpu")
    mine = share_of(config.batch_size, fabric.global_rank, fabric.world_size)
    state = find_state(config, output)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    samplers = make_samplers(config, limits, reporter)
    device = str(fabric.device)
    learner = make_learner(config, device, DTYPES[resolve_precision(config.precision, device)])
    done = 0
    if state is not None:
        done = restore(state, learner)
    elif config.init:
        start(config, learner, reporter)
    learner.share(fabric)
    source = batches(
        samplers.train,
        done,
        config.iterations,
        batch_size=config.batch_size,
        noise_dim=config.noise_dim,
        workers=choose_workers(config.workers, local_processes(fabric), streamed=samplers.streamed),
        mine=mine,
        pin=fabric.device.type == "cuda",
    )
    opened = (
        RunFolder(output, config, done, learner.columns, samplers.shown, reporter.say)
        if fabric.is_global_zero
        else nullcontext()
    )
    with opened as folder:
        if folder is not None and config.validate_every and done < config.iterations:
            folder.hold_out(samplers.held_out, learner)
        reporter.say(f"training {config.model}; the first losses come after iteration {_first_logged(config, done)}")
        throughput = Throughput(config.batch_size, done)
        for iteration, batch in enumerate(source, done + 1):
            scalars = _step(learner, batch, config.micro_batch)
            learner.update_ema(iteration)
            logging, saving, showing, validating = (
                every > 0 and (iteration % every == 0 or iteration == config.iterations)
                for every in (config.log_every, config.save_every, config.sample_every, config.validate_every)
            )
            if logging or saving:
                losses = mean_over(fabric, scalars)
                require_finite(losses, learner.networks if saving else (), iteration, output / LAST)
            if logging:
                rate = throughput.measure(iteration)
                if folder is not None:
                    folder.log(iteration, rate, losses)
                reporter.progress(training_progress(iteration, config, rate, losses))
            if folder is not None:
                if validating:  # before the checkpoint: a run that is killed between the two decides the same again
                    with throughput.paused():
                        folder.validate(iteration, learner)
                if showing:
                    folder.show(iteration, learner)
                if saving:
                    folder.save(iteration, learner)
    return output / LAST


def _first_logged(config: TrainConfig, done: int) -> int:
    """Returns the next iteration whose losses are logged."""
    return min(config.iterations, (done // config.log_every + 1) * config.log_every)


def _step(learner: Learner, batch: TrainingBatch, micro_batch: int) -> dict[str, Tensor]:
    """Trains every network once, on parts of at most ``micro_batch`` samples."""
    try:
        return learner.step(*(part.to(learner.device) for part in batch.parts(micro_batch)))
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"{learner.device}: out of memory; lower micro_batch, batch_size or crop, or use bf16"
        ) from error
