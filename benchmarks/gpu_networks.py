"""What ``benchmarks/gpu.py`` measures of networks: forward passes and training steps on a device, and their memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import yaml

from changen_cli.device import DTYPES, autocast, resolve_precision
from changen_cli.models.changen import MODEL
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.looks import Looks
from changen_cli.options import build
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.config.recipes import RECIPES
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.learners.make import make_learner

OBJECTS = 40
"""Footprints of a tile."""

WARM_UP = 3
"""Calls before any is timed: kernels are chosen, and memory is allocated."""


def recipe_of(name: str, batch: int, side: int) -> TrainConfig:
    """Returns a shipped recipe for batches of so many crops; it is trained on no data that is read."""
    values = yaml.safe_load((RECIPES / f"{name}.yaml").read_text(encoding="utf-8"))
    crops = {**values.get("crops", {}), "size": side}
    config = parse_config({**values, "crops": crops, "batch_size": batch, "data": [{"path": "."}]}, name)
    assert isinstance(config, TrainConfig)
    return config


def forward_pass(recipe: str, batch: int, side: int, device: str) -> Callable[[], object]:
    """Makes the generator of a recipe as ``changen generate`` runs it, and a batch, and returns its forward pass."""
    torch.manual_seed(0)
    values = yaml.safe_load((RECIPES / f"{recipe}.yaml").read_text(encoding="utf-8"))
    config = build(MODEL.config, values["generator"], recipe)
    network = fold_spectral_norm(MODEL.network(config).eval()).to(device)
    network = network.to(memory_format=torch.channels_last)
    image, regions, before, after = _samples(batch, side, device)
    noise: torch.Tensor | Looks = torch.randn(batch, config.noise_dim, device=device)
    if config.looks:
        codes = torch.randn(batch, OBJECTS + 1, config.noise_dim, device=device)
        noise = Looks(codes, regions * after, torch.arange(batch, device=device))
    dtype = DTYPES[resolve_precision("auto", device)]

    @torch.inference_mode()
    def run() -> object:
        with autocast(device, dtype):
            return network(image, before, after, noise)

    return run


def training_step(recipe: str, batch: int, side: int, device: str) -> Callable[[], object]:
    """Makes the networks of a recipe and a batch, and returns a step of all of them."""
    torch.manual_seed(0)
    config = recipe_of(recipe, batch, side)
    learner = make_learner(config, device, DTYPES[resolve_precision("auto", device)])
    _, regions, before, after = _samples(batch, side, device)
    image, covered = torch.randint(256, (2, batch, 3, side, side), dtype=torch.uint8, device=device)
    sample = TrainingBatch(
        image, before, after, torch.randn(batch, config.noise_dim, device=device),
        torch.ones(batch, side, side, dtype=torch.bool, device=device),
        torch.stack([regions, regions * after], 1),
        covered=covered if config.crops.covered else None, regions=OBJECTS + 1,
    )  # fmt: skip
    number = 0

    def step() -> object:
        nonlocal number
        number += 1
        learner.step(sample)
        learner.update_ema(number)
        return None

    return step


def _samples(batch: int, side: int, device: str) -> tuple[torch.Tensor, ...]:
    """Draws images, the regions of S_t, and both layouts; a fifth of the objects is removed."""
    image = (torch.rand(batch, 3, side, side, device=device) * 2 - 1).contiguous(memory_format=torch.channels_last)
    regions = torch.zeros(batch, side, side, dtype=torch.int32, device=device)
    edge = max(1, side // 16)
    for number in range(OBJECTS):
        row, column = divmod(number, 7)
        place = slice(row * 2 * edge, row * 2 * edge + edge), slice(column * 2 * edge, column * 2 * edge + edge)
        regions[:, *place] = number + 1
    return image, regions, (regions > 0).to(torch.uint8), (regions > OBJECTS // 5).to(torch.uint8)


def measure(run: Callable[[], object], batch: int, device: str, rounds: int) -> dict[str, Any]:
    """Times calls one by one, until the device is done with each.

    Returns:
        ``rate``, samples a second at the median; ``seconds`` of each round; ``memory``, the most bytes of the device
        that tensors took, None on a CPU.
    """
    cuda = torch.device(device).type == "cuda"
    for _ in range(WARM_UP):
        run()
    if cuda:
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        run()
        if cuda:
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - begun)
    memory = torch.cuda.max_memory_allocated(device) if cuda else None
    return {"rate": batch / statistics.median(seconds), "seconds": seconds, "memory": memory}


def over_batches(
    make: Callable[[str, int, int, str], Callable[[], object]],
    recipe: str,
    batches: list[int],
    side: int,
    device: str,
    rounds: int,
) -> list[dict[str, Any]]:
    """Measures a recipe at growing batch sizes, until the device has not the memory.

    Returns:
        What :func:`measure` gives for each size, with ``batch``; for the first that did not fit, ``batch`` alone.
    """
    found: list[dict[str, Any]] = []
    for batch in batches:
        try:
            found.append({"batch": batch, **measure(make(recipe, batch, side, device), batch, device, rounds)})
        except torch.OutOfMemoryError:
            found.append({"batch": batch})
            break
        finally:
            torch.cuda.empty_cache()  # does nothing where CUDA was not used
    return found
