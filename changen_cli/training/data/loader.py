"""Mini-batches of training samples, prepared ahead by processes of their own, shared by those that train."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

from torch.utils.data import DataLoader, Dataset

from changen_cli.device import cores
from changen_cli.errors import ChangenError, TrainingError, UsageError
from changen_cli.training.data.base import BatchSource, Some

MOST_WORKERS = 8
"""Most processes that prepare crops for one that trains, where nobody says how many."""


class _Stream(Dataset[Some | ChangenError]):
    """What one process has of the batches of a source, from one iteration on."""

    def __init__(self, source: BatchSource[Some], first: int, last: int, batch_size: int, mine: range) -> None:
        self.source, self.first, self.last = source, first, last
        self.batch_size, self.mine = batch_size, mine

    def __len__(self) -> int:
        return max(0, self.last - self.first)

    def __getitem__(self, item: int) -> Some | ChangenError:
        try:
            return self.source.batch(self.first + item, self.batch_size, self.mine)
        except ChangenError as error:
            return error  # raised in a worker it would arrive as a traceback within a message


def share_of(batch_size: int, rank: int, processes: int) -> range:
    """Says which samples of every mini-batch a process takes.

    Args:
        batch_size: Samples of a mini-batch, over all processes.
        rank: Number of the process.
        processes: How many there are.

    Returns:
        The places of its samples.

    Raises:
        UsageError: If the batch cannot be shared evenly, so that a mean over processes would not be one over samples.
    """
    if batch_size % processes:
        raise UsageError(
            f"batch_size {batch_size}: cannot be shared evenly by {processes} processes; choose a multiple of that"
        )
    share = batch_size // processes
    return range(rank * share, (rank + 1) * share)


def choose_workers(asked: int | None, processes: int, *, streamed: bool, available: int | None = None) -> int:
    """Chooses how many processes prepare crops for each process that trains.

    From memory one keeps up with any device; a streamed crop costs the reading of a scene.

    Args:
        asked: What the recipe says; None to choose.
        processes: Processes on this machine that train.
        streamed: Whether scenes are read as they are drawn.
        available: Processor cores; those that this process may use if None.

    Returns:
        How many: of streamed scenes what the cores leave to each, at most :data:`MOST_WORKERS`.
    """
    if asked is not None:
        return asked
    each = (cores() if available is None else available) // processes
    return max(1, min(MOST_WORKERS, each - 1)) if streamed else 1


def batches(
    source: BatchSource[Some],
    first: int,
    last: int,
    *,
    batch_size: int,
    workers: int = 0,
    mine: range | None = None,
    pin: bool = False,
) -> Iterator[Some]:
    """Gives the batches of iterations ``first`` .. ``last`` - 1.

    Args:
        source: Makes them.
        first: First iteration; a resumed run starts where it stopped.
        last: One past the last iteration.
        batch_size: Samples of a mini-batch, over all processes.
        workers: Processes that prepare batches ahead; 0 prepares them when they are asked for.
        mine: Which samples of each batch (:func:`share_of`); None for all.
        pin: Whether they are put into pinned memory, from which a GPU can fetch them while it computes.

    Yields:
        What ``mine`` says of each mini-batch, in the memory of the host; its samples are numbered over the whole run.

    Raises:
        TrainingError: As the source does, or if a process that prepares batches died.
    """
    stream = _Stream(source, first, last, batch_size, range(batch_size) if mine is None else mine)
    loader = DataLoader(
        stream,
        batch_size=None,
        shuffle=False,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=pin,
    )
    loaded = _start(loader)
    while True:
        try:
            batch = next(loaded)
        except StopIteration:
            return
        except (RuntimeError, ConnectionError, EOFError) as error:  # what the loader makes of a worker that was killed
            raise TrainingError(
                "a process that prepares crops died, most likely out of memory; run the same command again with "
                "fewer workers, it goes on from its last checkpoint"
            ) from error
        if isinstance(batch, ChangenError):
            raise batch
        yield batch


def _start(loader: DataLoader[Some | ChangenError]) -> Iterator[Some | ChangenError]:
    """Starts the workers, and leaves it to :func:`batches` to tell of one that died.

    PyTorch's handler of SIGCHLD would raise at once, wherever the main thread is: within a training step, for example.
    Without it the loader looks for dead workers when it has waited for a batch for five seconds.
    """
    handler = signal.getsignal(signal.SIGCHLD)
    loaded = iter(loader)
    if threading.current_thread() is threading.main_thread():
        # another loader of this process, not ours, may have left that handler behind
        torchs = getattr(handler, "__module__", "").startswith("torch.")
        signal.signal(signal.SIGCHLD, signal.SIG_DFL if handler is None or torchs else handler)
    return loaded
