"""The Inception score: how surely a classifier names every image, and how many names there are (Salimans et al. 2016).

    s = exp(mean_x KL(p(y | x) || p(y))),   p(y) = mean_x p(y | x)

over each of :data:`SPLITS` parts of the images, then averaged. Only with the published Inception weights it is the
Inception score; with any others it must have another name.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, logsumexp

from changen_cli.metrics.base import Accumulator, Column, Features, Metric, Result, absent
from changen_cli.metrics.distances.kernel import KEPT
from changen_cli.metrics.distances.reading import ABOUT_INCEPTION, lines_of_distance
from changen_cli.metrics.distances.reservoir import Reservoir
from changen_cli.types import AnyArray

SPLITS = 10
SHUFFLE_SEED = 0
"""Of the order that the images are put in before they are parted: the same for every evaluation, whatever its seed."""

_LEAST = 2 * SPLITS


def inception_score(logits: AnyArray, splits: int = SPLITS) -> tuple[float, float]:
    """Computes s.

    Args:
        logits: float [N, classes], in any order that has nothing to do with the images; N at least ``splits``.
        splits: Parts that the score is taken of.

    Returns:
        Mean and standard deviation (denominator n - 1) over the parts.
    """
    scores = []
    # parts of one size, the last may be smaller, as torch.chunk has them
    size = -(-len(logits) // splits)
    for start in range(0, len(logits), size):
        logs = log_softmax(np.asarray(logits[start : start + size], np.float64), axis=1)
        mean = logsumexp(logs, axis=0) - np.log(len(logs))
        scores.append(np.exp((np.exp(logs) * (logs - mean)).sum(1).mean()))
    return float(np.mean(scores)), float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0


class InceptionScore(Accumulator):
    """The score of synthesised images, and of real ones as its ceiling."""

    def __init__(self, kept: int = KEPT) -> None:
        """Makes an accumulator.

        Args:
            kept: Most logits of each set that are kept.
        """
        self.sets: dict[str, Reservoir] = {name: Reservoir(kept, SHUFFLE_SEED) for name in ("real", "synthesised")}

    def see_features(self, batch: Features) -> None:
        """Adds the logits of a batch; those of the real frames of the series are passed over."""
        assert batch.logits is not None, "the network classifies"
        if batch.group in self.sets:
            for name, row in zip(batch.names, batch.logits, strict=True):
                # copied: a row that is a view would keep its whole batch alive
                self.sets[batch.group].add(name, row.copy())

    def compute(self) -> Result:
        """Computes the score.

        Returns:
            ``value``, the mean over splits; ``std`` over them; ``splits``; ``shuffle_seed``; ``synthesised``, the size
            of the set; and ``real_score``, that of the reference, None where it has too few images.
        """
        made, real = self.sets["synthesised"], self.sets["real"]
        if len(made) < _LEAST:
            return absent(
                f"needs at least {_LEAST} synthesised images; there are {len(made)} synthesised, {len(real)} real"
            )
        # the rows are in the order of a hash of their names with that seed, so that parts are drawn at random
        mean, std = inception_score(made.rows())
        return {
            "value": mean,
            "std": std,
            "splits": SPLITS,
            "shuffle_seed": SHUFFLE_SEED,
            "synthesised": len(made),
            "real_score": inception_score(real.rows())[0] if len(real) >= _LEAST else None,
        }


def _declare(name: str, title: str, needs: str, rank: int, summary: str) -> Metric:
    return Metric(
        name=name,
        title=title,
        columns=(Column(name, "value", title, better="higher", digits=2, own=False),),
        make=lambda setting: InceptionScore(),
        rank=rank,
        needs=needs,
        summary=summary,
        lines=lines_of_distance,
    )


INCEPTION_SCORE = _declare("inception_score", "Inception score", "inception", 3, ABOUT_INCEPTION)
SCORE_INCEPTION = _declare("score_inception", "score, other Inception weights", "other inception", 6, "")
