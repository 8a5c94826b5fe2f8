"""The engine: feeds any synthesizer with batches across samples, steps in order, copies overlapped with computing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from changen_cli import rng
from changen_cli.conditions.base import Record
from changen_cli.conditions.choose import Conditions
from changen_cli.errors import PluginError, TileError, UsageError
from changen_cli.events.base import Change
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.synthesis.background import keep_background
from changen_cli.synthesis.base import Batch, Checked, LooksSynthesizer, Synthesizer
from changen_cli.synthesis.exposure import Exposure
from changen_cli.synthesis.look_chain import LookChain
from changen_cli.synthesis.look_plan import LookPlan
from changen_cli.synthesis.showing import require_changes, shown_by
from changen_cli.synthesis.transfer import Transfer, Waiting
from changen_cli.tracing import span
from changen_cli.types import BoolArray, Float32Array, UInt8Array

Background = Literal["synthesize", "keep"]
T = TypeVar("T")

LARGEST_BATCH = 64


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """One sample to synthesise.

    Attributes:
        tag: Whatever the caller wants back with the result.
        image: I_0, uint8 [3, H, W].
        valid: bool [H, W]; pixels that are not valid stay 0 in every frame.
        masks: S_0 ... S_n, uint8 [n + 1, H, W].
        changes: n tuples of changes.
        noise: z of every step, float32 [n, noise_dim].
        looks: Where the looks come from; for a synthesizer with looks.
        key: What the conditions of its dates are drawn by, each with its date added.
        name: What messages call it.
    """

    tag: T
    image: UInt8Array
    valid: BoolArray
    masks: UInt8Array
    changes: tuple[tuple[Change, ...], ...]
    noise: Float32Array
    looks: LookPlan | None = None
    key: rng.Key = ()
    name: str = "a sample"


@dataclass(frozen=True, slots=True)
class Frames:
    """What became of a sample.

    Attributes:
        images: I_0 ... I_n, uint8 [n + 1, 3, H, W], under their conditions.
        looks: The looks that they were made with; None for a synthesizer without looks.
        conditions: What the conditions of each date did, n + 1; empty in a run without conditions.
    """

    images: UInt8Array
    looks: SeriesLooks | None = None
    conditions: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class _Launched:
    """What of a batch is on its way to the host: its images, the looks, and whether its pixels are numbers."""

    exposure: Exposure
    looks: Callable[[], list[SeriesLooks]] | None
    finite: Waiting | None


class Engine:
    """Runs the chain I_0 -> I_1 -> ... -> I_n for many samples, each step from the image of the last (Figure 3).

    Conditions are how an image was taken, not how the place is: each step is synthesised from the image of the last
    without its conditions, and what is given is every image, I_0 too, under conditions of its own.
    """

    def __init__(
        self,
        synthesizer: Synthesizer,
        transfer: Transfer,
        batch_size: int,
        background: Background = "synthesize",
        drift: float = 0.0,
        conditions: Conditions | None = None,
    ) -> None:
        """Makes an engine.

        Args:
            synthesizer: What to feed.
            transfer: How arrays reach its device.
            batch_size: Samples per batch, at least 1; halved for good when the device runs out of memory.
            background: "synthesize" repaints the whole image as the paper does, "keep" only what changed.
            drift: How far the ground's look moves at each step, 0..1; for a synthesizer with looks.
            conditions: What differs between the dates besides the change; None for nothing.
        """
        self.synthesizer = synthesizer
        self.transfer = transfer
        self.batch_size = batch_size
        self.background = background
        self.drift = drift
        self.conditions = conditions or Conditions()
        self._shows = shown_by(synthesizer)

    def run(self, jobs: Iterable[Job[T]]) -> Iterator[tuple[T, Frames | TileError]]:
        """Synthesises every job, in order.

        Args:
            jobs: All of one size and number of steps.

        Yields:
            The job's tag, and its frames; or why the synthesizer cannot make them of this tile.

        Raises:
            PluginError: If the synthesizer returns something else than it must.
            UsageError: If the device has not the memory for a single sample, or a change is of a kind that the
                synthesizer cannot show.
        """
        under_way: deque[tuple[list[Job[T]], _Launched | TileError]] = deque()
        source = iter(jobs)
        while group := list(islice(source, self.batch_size)):
            for part in self._launch(group):
                under_way.append(part)
                if len(under_way) > self.transfer.depth:
                    yield from self._collect(*under_way.popleft())
        while under_way:
            yield from self._collect(*under_way.popleft())

    def _launch(self, group: list[Job[T]]) -> Iterator[tuple[list[Job[T]], _Launched | TileError]]:
        """Starts a group, in smaller parts if the device has not the memory for all of it, or one of it fails."""
        todo = deque([group])
        while todo:
            part = todo.popleft()
            try:
                launched: _Launched | TileError = self._steps(part)
            except TileError as error:
                if len(part) == 1:
                    yield part, error
                else:  # some of them can be done
                    todo.extendleft([part[len(part) // 2 :], part[: len(part) // 2]])
                continue
            except torch.OutOfMemoryError as error:
                half = len(part) // 2
                if not half:
                    height, width = part[0].image.shape[1:]
                    raise UsageError(
                        f"the device has not the memory for one tile of {width} x {height} pixels; use smaller tiles "
                        "(--tile-size) or --device cpu"
                    ) from error
                self.batch_size = half
                todo.extendleft([part[half:], part[:half]])
            else:
                yield part, launched
                continue
            # only here, when the error is gone and the tensors that it held with it
            torch.cuda.empty_cache()

    def _steps(self, group: list[Job[T]]) -> _Launched:
        upload = self.transfer.upload
        with span("transfer", samples=len(group)):
            image = upload(np.stack([job.image for job in group]))
            masks = upload(np.stack([job.masks for job in group]))
            noise = upload(np.stack([job.noise for job in group]))
            whole = all(job.valid.all() for job in group)
            valid = None if whole else upload(np.stack([job.valid for job in group])).unsqueeze(1)
        largest = max(int(job.masks.max()) for job in group)
        chain = self._chain(group, image, valid)
        exposure = Exposure(self.conditions, self.transfer, [job.key for job in group], valid)
        if self.conditions:  # without, I_0 is on the host as it is
            exposure.take(image, 0)
        finite: Tensor | None = None
        for step in range(masks.shape[1] - 1):
            before, after = masks[:, step], masks[:, step + 1]
            changes = tuple(job.changes[step] for job in group)
            for these in changes:
                require_changes(self.synthesizer.name, self._shows, these)
            looks = None if chain is None else chain.next()
            batch = Batch(image, before, after, noise[:, step], changes, largest, looks)
            with span("synthesise", step=step + 1, samples=len(group)):
                made = self.synthesizer.synthesize(batch)
            self._require(made, image)
            if isinstance(self.synthesizer, Checked) and self.synthesizer.finite is not None:
                finite = self.synthesizer.finite if finite is None else finite & self.synthesizer.finite
            if self.background == "keep":
                changed = None if chain is None else chain.changed(step)
                made = keep_background(image, made, before, after, changed=changed, valid=valid)
            image = made if valid is None else made * valid
            exposure.take(image, step + 1)
        sound = None if finite is None else self.transfer.download(finite)  # no wait for the device here
        return _Launched(exposure, None if chain is None else chain.download(), sound)

    def _chain(self, group: list[Job[T]], image: Tensor, valid: Tensor | None) -> LookChain | None:
        """Starts the looks of a group; None for a synthesizer without looks."""
        plans = [job.looks for job in group if job.looks is not None]
        if not (plans and isinstance(self.synthesizer, LooksSynthesizer)):
            return None
        return LookChain(self.synthesizer, self.transfer, plans, image, valid, self.drift)

    def _require(self, made: object, image: Tensor) -> None:
        if not isinstance(made, Tensor):
            raise PluginError(
                f"synthesizer {self.synthesizer.name!r} returned {type(made).__name__}; it must return a tensor"
            )
        if made.shape != image.shape or made.dtype != torch.uint8 or made.device != image.device:
            raise PluginError(
                f"synthesizer {self.synthesizer.name!r} returned {made.dtype} {list(made.shape)} on {made.device}; "
                f"it must return torch.uint8 {list(image.shape)} on {image.device}"
            )

    def _collect(self, group: list[Job[T]], launched: _Launched | TileError) -> Iterator[tuple[T, Frames | TileError]]:
        if isinstance(launched, TileError):
            yield from ((job.tag, launched) for job in group)
            return
        with span("transfer", samples=len(group)):
            arrays = [wait() for wait in launched.exposure.frames]
            looks = [None] * len(group) if launched.looks is None else launched.looks()
            finite = None if launched.finite is None else launched.finite()
        for number, job in enumerate(group):
            if finite is not None and not finite[number] and isinstance(self.synthesizer, Checked):
                yield job.tag, TileError(self.synthesizer.say_not_finite(job.name))
                continue
            conditions = launched.exposure.of(number)
            images = np.stack([*([] if conditions else [job.image]), *(array[number] for array in arrays)])
            yield job.tag, Frames(images, looks[number], conditions)


def choose_batch_size(wanted: str | int, device: str) -> int:
    """Chooses a batch size.

    Args:
        wanted: "auto" or a number. Auto is 1 on a CPU, where a batch is not faster, and else the most that is useful;
            the engine halves it when memory runs out.
        device: A resolved torch device string.

    Returns:
        Samples per batch.
    """
    if wanted != "auto":
        return int(wanted)
    return 1 if torch.device(device).type == "cpu" else LARGEST_BATCH
