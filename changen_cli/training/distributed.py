"""The processes of a training run: one alone, several that Lightning Fabric starts, or those that torchrun started."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from subprocess import Popen, TimeoutExpired
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from changen_cli.errors import TrainingError, UsageError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

KINDS = ("cpu", "cuda", "mps")

PATIENCE = 5.0
"""Seconds that a process gets to end by itself."""


def make_fabric(device: str, devices: int = 0, nodes: int = 0) -> Fabric:
    """Describes the processes of a run; :func:`launched` then brings them up.

    Under ``torchrun`` they are those it started. Otherwise Fabric starts ``devices`` processes on each of ``nodes``
    machines (on a cluster it takes those that SLURM or another of its environments started).

    Args:
        device: A resolved torch device string. One with a number ("cuda:1") is one device.
        devices: Processes on each machine, each with a device of its own; 0: as torchrun says, else one.
        nodes: Machines; 0: as torchrun says, else one.

    Returns:
        Fabric, not yet launched: ``world_size``, ``global_rank``, ``device``.

    Raises:
        TrainingError: If Fabric is not installed or does not know the device.
        UsageError: If there are not so many devices, or torchrun started another number of processes.
    """
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.strategies.ddp import DDPStrategy
        from lightning_fabric.strategies.strategy import Strategy
    except ImportError as error:
        raise TrainingError(f'training needs {error.name}; install with: pip install "changen[train]"') from error
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    kind, place = torch.device(device).type, torch.device(device).index
    if kind not in KINDS:
        raise TrainingError(f"--device {device}: training runs on {', '.join(KINDS)}")
    if torch.distributed.is_available() and torch.distributed.is_torchelastic_launched():
        started = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
        given = devices or started[0], nodes or started[1] // started[0]
        if given[0] != started[0] or given[0] * given[1] != started[1]:
            raise UsageError(
                f"--devices {given[0]} --nodes {given[1]}: torchrun started {started[1]} processes, {started[0]} on "
                "this machine; leave both options out"
            )
        devices, nodes = given
    devices, nodes = devices or 1, nodes or 1
    there = {"cuda": torch.cuda.device_count(), "mps": 1}.get(kind, devices)
    if devices > 1 and place is not None:
        raise UsageError(f"--device {device}: is one device; with --devices {devices} give --device {kind}")
    if devices > there:
        raise UsageError(f"--devices {devices}: this machine has {there} {kind} devices")
    # buffers are equal everywhere, those of spectral norm come from equal weights; broadcasting them between two calls
    # would change what the first one saved for its backward pass
    known = signature(DistributedDataParallel).parameters
    name = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"  # as it was called before
    options: dict[str, Any] = {name: False}
    strategy: Strategy | str = DDPStrategy(**options) if devices * nodes > 1 else "auto"
    chosen: int | list[int] = devices if place is None else [place]
    return Fabric(accelerator=kind, devices=chosen, num_nodes=nodes, strategy=strategy)


@contextmanager
def launched(fabric: Fabric) -> Iterator[None]:
    """Brings the processes of a run up, and makes sure that none outlives the others.

    Where Fabric starts the processes, they run the same command line from its beginning and meet here.

    Args:
        fabric: From :func:`make_fabric`.

    Raises:
        TrainingError: If another process of the run went away.
    """
    fabric.launch()
    try:
        yield
    except BaseException as error:
        _stop_others(fabric)
        if fabric.world_size > 1 and isinstance(error, RuntimeError) and _is_lost_connection(error):
            raise TrainingError(
                f"process {fabric.global_rank} of {fabric.world_size}: another one of the run stopped, and says why; "
                "run the same command again, it goes on from its last checkpoint"
            ) from error
        raise
    if fabric.world_size > 1:
        torch.distributed.destroy_process_group()
    for process in _started(fabric):
        process.wait()


def local_processes(fabric: Fabric) -> int:
    """Returns how many processes of the run are on this machine."""
    return int(getattr(fabric.strategy, "num_processes", 1))


def mean_over(fabric: Fabric, scalars: Mapping[str, Tensor]) -> dict[str, float]:
    """Averages scalars over the processes; all of them must call this together.

    Args:
        fabric: The processes.
        scalars: Tensors of one number each by name, the same names everywhere.

    Returns:
        The means by name, the same everywhere.
    """
    values = torch.stack([value.float() for value in scalars.values()])
    if fabric.world_size > 1:
        values = fabric.all_reduce(values, reduce_op="mean")  # type: ignore[assignment]
    return dict(zip(scalars, values.tolist(), strict=True))


def batch_norm_over_all(network: nn.Module) -> None:
    """Makes every batch normalisation of a network take its statistics over all processes, in place.

    Args:
        network: A network that several processes are about to train.

    Raises:
        TrainingError: If it has one and is not on a GPU, where PyTorch cannot do that.
    """
    if not any(isinstance(layer, _BatchNorm) and layer.training for layer in network.modules()):
        return
    if next((p.device.type for p in network.parameters()), "cpu") != "cuda":
        raise TrainingError(
            f"{type(network).__name__} normalises over the batch, and only on GPUs can several processes do that; "
            "train it in one process, or set 'norm: group' in the recipe's generator"
        )
    nn.SyncBatchNorm.convert_sync_batchnorm(network)


def _is_lost_connection(error: RuntimeError) -> bool:
    """Says whether an error is what a collective makes of a process that is gone; Gloo has no class for it."""
    words = str(error).lower()
    return isinstance(error, torch.distributed.DistError) or "gloo" in words or "nccl" in words


def _started(fabric: Fabric) -> Sequence[Popen[bytes]]:
    """The processes that Fabric started from this one."""
    return getattr(fabric.strategy.launcher, "procs", ())


def _stop_others(fabric: Fabric) -> None:
    """Ends the processes that Fabric started here; one that waits for this one in a collective has to be killed."""
    for process in _started(fabric):
        process.terminate()
    for process in _started(fabric):
        try:
            process.wait(PATIENCE)
        except TimeoutExpired:
            process.kill()
