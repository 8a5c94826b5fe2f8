"""How fast a run is, and how far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from changen_cli.reporter import Progress
from changen_cli.training.config.run import RunOptions


class Throughput:
    """Images a second since the last measurement, over all processes."""

    def __init__(self, batch_size: int, done: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Starts the clock.

        Args:
            batch_size: Samples of a mini-batch, over all processes.
            done: Iterations done.
            clock: Tells seconds, never fewer than before.
        """
        self._batch_size, self._clock = batch_size, clock
        self._done, self._since = done, clock()

    def measure(self, iteration: int) -> float:
        """Returns the images a second since the last call, or since the start.

        Args:
            iteration: Iterations done, more than at the last call.
        """
        now = self._clock()
        rate = (iteration - self._done) * self._batch_size / max(now - self._since, 1e-9)
        self._done, self._since = iteration, now
        return rate

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the time of the block out: it is not spent on training."""
        begun = self._clock()
        yield
        self._since += self._clock() - begun


def training_progress(
    iteration: int, config: RunOptions, rate: float, losses: Mapping[str, float], unit: str = "images"
) -> Progress:
    """Says how far a training is.

    Args:
        iteration: Iterations done.
        config: The recipe.
        rate: Images a second, over all processes.
        losses: Scalars of the iteration by name, the loss of the network itself first.
        unit: What a sample is.

    Returns:
        The progress, with the losses and the rate as its values.
    """
    name, value = next(iter(losses.items()))
    note = f"{rate:.1f} {unit}/s, {'G' if name.startswith('g_') else name} {value:.3f}"
    if "d_real" in losses:
        note += f", D {losses['d_real'] + losses['d_fake']:.3f}"
    left = (config.iterations - iteration) * config.batch_size / rate
    values = {**losses, "images_per_second": rate}
    return Progress("train", iteration, config.iterations, "iterations", note, left, values)
