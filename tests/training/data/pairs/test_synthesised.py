from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from changen_cli.errors import TileError
from changen_cli.synthesis.base import Batch
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.data.pairs.synthesised import OnTheFly


def test_second_images_are_made_and_the_others_stay(fly: OnTheFly, simulated: PairBatch) -> None:
    jobs = (*simulated.jobs[:2], None, simulated.jobs[3])
    filled, failed = fly.fill(simulated.images, jobs)
    assert failed == []
    assert torch.equal(filled[:, 0], simulated.images[:, 0])
    assert torch.equal(filled[2], simulated.images[2])
    for number in (0, 1, 3):
        differs = (filled[number, 0] != filled[number, 1]).any(0)
        assert differs[simulated.change[number] > 0].float().mean() > 0.5
    assert (fly.pairs, fly.failed) == (3, 0)
    assert fly.rate > 0
    alone, _ = fly.fill(simulated.images[1:2], jobs[1:2])
    assert torch.equal(alone[0], filled[1])


def test_what_cannot_be_made_is_told(fly: OnTheFly, simulated: PairBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fly.engine.synthesizer.synthesize
    bad = simulated.images[1, 0]

    def synthesize(batch: Batch) -> torch.Tensor:
        if any(torch.equal(image, bad) for image in batch.image):
            raise TileError("nothing to paste")
        return real(batch)

    monkeypatch.setattr(fly.engine.synthesizer, "synthesize", synthesize)
    filled, failed = fly.fill(simulated.images, simulated.jobs)
    assert failed == [1]
    assert torch.equal(filled[1, 0], filled[1, 1])
    assert fly.failed == 1
    assert fly.remark.startswith("4 pairs synthesised on the fly by copy-paste, ")
    assert fly.remark.endswith("in each second of that; 1 could not be made, and had no change")
    nothing, none = fly.fill(simulated.images, replace(simulated, jobs=(None,) * 4).jobs)
    assert nothing is simulated.images
    assert none == []
