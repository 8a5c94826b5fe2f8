"""Learners of generators that draw the whole of I~_t+1: changen, OASIS and SPADE."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from changen_cli.training.data.batch import make_batch
from changen_cli.training.data.crops import Crop
from changen_cli.training.learners.base import Learner
from changen_cli.training.run.sheets import Rows, change_rows


class DrawingLearner(Learner):
    """A learner whose :meth:`imagine` gives I~_t+1."""

    def show(self, samples: Sequence[Crop], noise: Tensor) -> Rows:
        """I_t, S_t, S_t+1, I~_t+1."""
        return change_rows(samples, self.imagine(make_batch(samples, noise).to(self.device)))
