"""The looks of a batch of series, from step to step: that of the ground drifts, some objects are repainted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from changen_cli.models.look_draws import LookDraws, choose_sources
from changen_cli.models.look_kinds import DRAWN
from changen_cli.models.looks import GROUND, Looks
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.synthesis.background import changed_objects
from changen_cli.synthesis.base import LookRequest, LooksSynthesizer
from changen_cli.synthesis.look_plan import LookPlan
from changen_cli.synthesis.transfer import Transfer
from changen_cli.types import AnyArray, Float32Array


class LookChain:
    """Looks of one batch, one step after the other.

    Attributes:
        codes: Looks at the present date, float32 [B, R, D].
    """

    def __init__(
        self,
        synthesizer: LooksSynthesizer,
        transfer: Transfer,
        plans: Sequence[LookPlan],
        image: Tensor,
        valid: Tensor | None,
        drift: float,
    ) -> None:
        """Reads and draws the looks that the chains start with.

        Args:
            synthesizer: What reads and draws them.
            transfer: How arrays reach its device.
            plans: One for each sample, all of one number of steps.
            image: I_0, uint8 [B, 3, H, W].
            valid: Where there is data, bool [B, 1, H, W]; None for everywhere.
            drift: How far the ground's look moves at each step, 0..1.
        """
        self.synthesizer, self.transfer, self.amount = synthesizer, transfer, drift
        self._uids = [plan.uids for plan in plans]
        self._step = 0
        self._count = count = max(len(plan.uids) for plan in plans)
        self._regions = transfer.upload(np.stack([plan.regions for plan in plans]))
        self._ground_pick = transfer.upload(np.stack([plan.ground_pick for plan in plans]))
        self._ground_normal = transfer.upload(np.stack([plan.ground_normal for plan in plans]))
        self._keys = transfer.upload(np.stack([plan.keys for plan in plans]))
        origins = [plan.origin for plan in plans if plan.origin is not None]
        self._origins = transfer.upload(np.array(origins, np.int64)) if origins else None
        if all(plan.given is not None and not np.isnan(plan.given).any() for plan in plans):
            self.codes = transfer.upload(_stacked([_given(plan) for plan in plans], count, 0))
        else:
            self.codes = self._first(plans, image, valid)
        self._ground, self._objects = [self.codes[:, GROUND]], self.codes[:, GROUND + 1 :]
        self._repaints = self._upload_repaints(plans)

    def _first(self, plans: Sequence[LookPlan], image: Tensor, valid: Tensor | None) -> Tensor:
        """Reads and draws the looks that are not given, float32 [B, R, D]."""
        upload, count = self.transfer.upload, self._count
        first = self._regions[:, 0]
        first = first if valid is None else first.masked_fill(~valid.squeeze(1), -1)
        kinds = upload(_stacked([plan.kinds for plan in plans], count, DRAWN))
        lent = upload(_stacked([plan.lent for plan in plans], count, 0))
        draws = LookDraws(
            source=choose_sources(first, kinds, lent),
            pick=upload(_stacked([plan.pick for plan in plans], count, 0)),
            normal=upload(_stacked([plan.normal for plan in plans], count, 0)),
        )
        codes = self.synthesizer.first_looks(LookRequest(image, first, draws))
        if any(plan.given is not None for plan in plans):
            given = upload(_stacked([_given(plan) for plan in plans], count, np.nan))
            # who borrows a look, borrows the one that its owner has
            rows = draws.source.clamp(min=0).unsqueeze(2).expand_as(given)
            lenders = torch.where(draws.source.unsqueeze(2) < 0, given, given.gather(1, rows))
            given = torch.where(given.isnan(), lenders, given)
            codes = torch.where(given.isnan(), codes, given)
        return codes

    def _upload_repaints(self, plans: Sequence[LookPlan]) -> tuple[Tensor, Tensor, Tensor] | None:
        """Lays out what is repainted; None where nothing is."""
        planned = [plan.repaints for plan in plans if plan.repaints is not None]
        if len(planned) < len(plans):
            return None
        where, pick, normal = (
            self.transfer.upload(_stacked([getattr(one, name) for one in planned], self._count, 0))
            for name in ("where", "pick", "normal")
        )
        return where, pick, normal

    def next(self) -> Looks:
        """Moves on by one date, and returns the looks of its regions."""
        step = self._step
        self._step += 1
        if self.amount:
            ground = self.synthesizer.drift(
                self.codes[:, GROUND], self._ground_pick[:, step], self._ground_normal[:, step], self.amount
            )
            self.codes = torch.cat([ground.unsqueeze(1), self.codes[:, GROUND + 1 :]], 1)
        if self._repaints is not None:
            where, pick, normal = (values[:, :, step] for values in self._repaints)
            self.codes = torch.where(where.unsqueeze(2), self.synthesizer.draw(pick, normal), self.codes)
        self._ground.append(self.codes[:, GROUND])
        return Looks(self.codes, self._regions[:, step + 1], self._keys[:, step], self._origins)

    def download(self) -> Callable[[], list[SeriesLooks]]:
        """Starts copying the looks of all dates so far to the host, in one piece; of objects the first that they had.

        Returns:
            Waits for them, and gives those of each sample.
        """
        dates = len(self._ground)
        codes = torch.cat([torch.stack(self._ground, 1), self._objects], 1)
        waiting = self.transfer.download(codes.detach())

        def wait() -> list[SeriesLooks]:
            # copied, so that a series holds no more than its own
            return [
                SeriesLooks(uids[1:], rows[dates : dates + len(uids) - 1].copy(), rows[:dates].copy())
                for uids, rows in zip(self._uids, waiting(), strict=True)
            ]

        return wait

    def changed(self, step: int) -> Tensor:
        """Marks the objects that a step changes, whole, bool [B, H, W]."""
        return changed_objects(self._regions[:, step], self._regions[:, step + 1], self._count)


def _given(plan: LookPlan) -> Float32Array:
    return np.full_like(plan.normal, np.nan) if plan.given is None else plan.given


def _stacked(arrays: Sequence[AnyArray], count: int, fill: float) -> AnyArray:
    """Stacks arrays [R, ...] of several lengths to [B, ``count``, ...]."""
    result = np.full((len(arrays), count, *arrays[0].shape[1:]), fill, arrays[0].dtype)
    for row, values in zip(result, arrays, strict=True):
        row[: len(values)] = values
    return result
