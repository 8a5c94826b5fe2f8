from __future__ import annotations

import torch

from changen_cli.models.look_kinds import BORROWED, DRAWN, OWN
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.learners.look_task import draw_looks, make_task, regions_seen

DIM = 5


def batch(first: int = 0, covered: bool = True) -> TrainingBatch:
    """Four samples: 1 is kept, 2 is removed, 5 is created."""
    uids = torch.zeros(4, 2, 32, 32, dtype=torch.int32)
    uids[:, :, 4:10, 4:10] = 1
    uids[:, 0, 15:20, 4:10] = 2
    uids[:, 1, 15:20, 20:28] = 5
    image, other = torch.randint(256, (2, 4, 3, 32, 32), dtype=torch.uint8)
    before, after = (uids > 0).to(torch.uint8).unbind(1)
    valid = torch.ones(4, 32, 32, dtype=torch.bool)
    valid[1, 12:] = False
    return TrainingBatch(
        image, before, after, torch.zeros(4, DIM), valid, uids, other if covered else None, regions=6, first=first
    )


def test_a_supervised_sample_is_a_change_run_backwards() -> None:
    samples = batch()
    task = make_task(samples, [True, False, True, False], [DRAWN] * 4, DIM, 3, "train")
    assert task.supervised.tolist() == [True, False, True, False]
    assert samples.covered is not None
    for n in range(4):
        back = n % 2 == 0
        assert torch.equal(task.image[n], (samples.covered if back else samples.image)[n])
        assert torch.equal(task.before[n], (samples.after if back else samples.before)[n])
        assert torch.equal(task.after[n], (samples.before if back else samples.after)[n])
        assert torch.equal(task.regions[n], samples.instances[n, 0 if back else 1])
        assert (task.draws.source[n] == -1).all() == (not back)  # a supervised one has its own looks
    assert task.draws.source[0, [0, 1, 2]].tolist() == [0, 1, 2]


def test_who_is_not_in_the_data_lends_nothing() -> None:
    seen = regions_seen(batch())
    assert set(seen[1].unique().tolist()) == {-1, 0, 1}
    assert set(draw_looks(batch(), [BORROWED] * 4, DIM, 3, "train").source[1, 1:].tolist()) == {1}


def test_draws_are_keyed_by_the_number_of_a_sample() -> None:
    whole = make_task(batch(8), [False] * 4, [OWN] * 4, DIM, 3, "train")
    for n in range(4):
        alone = make_task(batch(8).part(n, n + 1), [False], [OWN], DIM, 3, "train")
        assert torch.equal(alone.draws.normal[0], whole.draws.normal[n])
        assert torch.equal(alone.draws.pick[0], whole.draws.pick[n])
        assert torch.equal(alone.draws.source[0], whole.draws.source[n])
        assert alone.keys.tolist() == [int(whole.keys[n])]
    other = make_task(batch(8), [False] * 4, [OWN] * 4, DIM, 3, "predict")
    assert not torch.equal(other.draws.normal, whole.draws.normal)
    assert len(set(whole.keys.tolist()) | set(other.keys.tolist())) == 8
    assert whole.draws.normal.shape == (4, 6, DIM)
