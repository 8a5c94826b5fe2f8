"""The one loop of training: Algorithm 1 for whatever model the recipe names, and detectors likewise."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from changen_cli.device import DTYPES, resolve_precision
from changen_cli.errors import TrainingError
from changen_cli.reporter import Reporter, Silent
from changen_cli.training.config.run import RunOptions
from changen_cli.training.data.base import BatchSource
from changen_cli.training.data.discover import LIMITS, Limits
from changen_cli.training.data.loader import batches, choose_workers, share_of
from changen_cli.training.distributed import local_processes, make_fabric, mean_over
from changen_cli.training.learners.base import AnyLearner
from changen_cli.training.learners.make import learner_class, make_learner
from changen_cli.training.run.checkpoint import LAST, restore
from changen_cli.training.run.finite import require_finite
from changen_cli.training.run.folder import RunFolder, find_state
from changen_cli.training.run.interruptions import Interruptions
from changen_cli.training.run.progress import Throughput, training_progress
from changen_cli.training.run.sheets import ROWS
from changen_cli.training.run.start import start

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def train(
    config: RunOptions,
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
    kind = learner_class(config.model, config.architecture)
    config = kind.settled(config)
    state = find_state(config, output)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    device = str(fabric.device)
    sources = kind.sources(config, limits, device, reporter)
    learner = make_learner(config, device, DTYPES[resolve_precision(config.precision, device)])
    done = 0
    if state is not None:
        done = restore(state, learner)
    elif config.init:
        start(config, learner, reporter)
    learner.share(fabric)
    loaded = batches(
        sources.train,
        done,
        config.iterations,
        batch_size=config.batch_size,
        workers=choose_workers(config.workers, local_processes(fabric), streamed=sources.streamed),
        mine=mine,
        pin=fabric.device.type == "cuda",
    )
    opened = (
        RunFolder(output, config, done, learner.columns, learner.sheet(sources.shown, ROWS), reporter.say)
        if fabric.is_global_zero
        else nullcontext()
    )

    def keep(count: int) -> None:
        if folder is not None and count:
            require_finite({}, learner.networks, done + count, output / LAST)
            folder.save(done + count, learner)
            reporter.say(f"stopped after iteration {done + count}, which is kept")

    with opened as folder, Interruptions(alone=fabric.world_size == 1) as interruptions:
        if folder is not None and config.validate_every and done < config.iterations:
            folder.hold_out(sources.held_out, learner)
        reporter.say(f"training {config.model}; the first losses come after iteration {_first_logged(config, done)}")
        throughput = Throughput(config.batch_size, done)
        for iteration, batch in enumerate(interruptions.between(loaded, keep), done + 1):
            learner.begin(iteration - 1)
            scalars = _step(learner, sources.train, batch.parts(config.micro_batch))
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
                reporter.progress(training_progress(iteration, config, rate, losses, learner.unit))
            if folder is not None:
                if validating:  # before the checkpoint: a run that is killed between the two decides the same again
                    with throughput.paused():
                        folder.validate(iteration, learner)
                if showing:
                    folder.show(iteration)
                if saving:
                    folder.save(iteration, learner)
            if iteration in (_first_logged(config, done), config.iterations):
                for line in sources.train.remarks():
                    reporter.say(line)
    return output / LAST


def _first_logged(config: RunOptions, done: int) -> int:
    """Returns the next iteration whose losses are logged."""
    return min(config.iterations, (done // config.log_every + 1) * config.log_every)


def _step(learner: AnyLearner, source: BatchSource[Any], parts: Sequence[Any]) -> dict[str, Tensor]:
    """Trains every network once, on a mini-batch in parts."""
    try:
        return learner.step(*(source.prepare(part.to(learner.device)) for part in parts))
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"{learner.device}: out of memory; lower micro_batch, batch_size or crop, or use bf16"
        ) from error
