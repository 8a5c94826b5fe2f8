"""What a generator with looks is to do with each sample: what it sees, what it must show, and with whose looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from changen_cli import rng
from changen_cli.models.look_draws import LookDraws, choose_sources
from changen_cli.models.look_kinds import OWN
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.types import AnyArray


@dataclass(frozen=True)
class Task:
    """What G is to do with each sample of a part of a mini-batch.

    Attributes:
        image: What is shown of I_t, uint8 [B, 3, H, W].
        before: S_t, uint8 [B, H, W].
        after: S_t+1, uint8 [B, H, W].
        regions: uids of S_t+1, int32 [B, H, W].
        supervised: Samples whose S_t+1 is what the real image shows, so that image is what G must return, bool [B].
        draws: Where the looks come from.
        keys: Keys of the noise of pixels, int64 [B].
    """

    image: Tensor
    before: Tensor
    after: Tensor
    regions: Tensor
    supervised: Tensor
    draws: LookDraws
    keys: Tensor


def make_task(
    batch: TrainingBatch, supervised: Sequence[bool], kinds: Sequence[int], dim: int, seed: int, purpose: str
) -> Task:
    """Says what G is to do with each sample.

    A supervised sample is a simulated change run backwards: S_t is the simulated layout, S_t+1 the true one.

    Args:
        batch: The samples.
        supervised: Which of them are supervised.
        kinds: Whose looks the regions of each have, as in :mod:`~changen_cli.models.look_kinds`; those of a supervised
            one their own.
        dim: Length of a look, D.
        seed: Of the run.
        purpose: What the draws are for, part of their key.

    Returns:
        The task, on the device of the batch.
    """
    device = batch.image.device
    rows = torch.tensor(supervised, device=device)
    maps = rows.view(-1, 1, 1)
    image, before, after = batch.image, batch.before, batch.after
    regions = batch.instances[:, 1]
    if batch.covered is not None:
        image = torch.where(maps.unsqueeze(1), batch.covered, image)
        before, after = torch.where(maps, after, before), torch.where(maps, before, after)
        regions = torch.where(maps, batch.instances[:, 0], regions)
    numbers = range(batch.first, batch.first + len(batch))
    keys = [int(rng.generator(seed, purpose, n, "pixels").integers(2**62)) for n in numbers]
    own = [OWN if known else kind for known, kind in zip(supervised, kinds, strict=True)]
    draws = draw_looks(batch, own, dim, seed, purpose)
    return Task(image, before, after, regions, rows, draws, torch.tensor(keys, device=device))


def draw_looks(batch: TrainingBatch, kinds: Sequence[int], dim: int, seed: int, purpose: str) -> LookDraws:
    """Draws where the looks of each sample come from; arguments as for :func:`make_task`."""
    device, count = batch.image.device, batch.regions
    normal = np.empty((len(batch), count, dim), np.float32)
    pick, lent = np.empty((2, len(batch), count), np.float32)
    for n in range(len(batch)):
        key = (seed, purpose, batch.first + n)
        # row by row: a sample's numbers do not depend on how many regions its neighbours have
        normal[n] = rng.generator(*key, "looks").standard_normal((count, dim), np.float32)
        pick[n], lent[n] = rng.generator(*key, "choices").random((count, 2), np.float32).T

    def upload(values: AnyArray) -> Tensor:
        return torch.from_numpy(values).to(device)

    wanted = torch.tensor(kinds, device=device).unsqueeze(1)
    return LookDraws(choose_sources(regions_seen(batch), wanted, upload(lent)), upload(pick), upload(normal))


def regions_seen(batch: TrainingBatch) -> Tensor:
    """Returns the regions of S_t whose looks can be read from I_t, int32 [B, H, W]; -1 where there is no data."""
    return batch.instances[:, 0].masked_fill(~batch.valid, -1)
