from __future__ import annotations

import torch

from changen_cli.models.stanet.attention import PyramidAttention, RegionAttention


def test_a_region_attends_to_both_dates_and_to_nothing_else() -> None:
    torch.manual_seed(0)
    attention, x = RegionAttention(8, 2), torch.randn(2, 8, 8, 12)
    changed = x.clone()
    changed[1, :, :4, :6] += 1  # the first region at the second date
    with torch.no_grad():
        differs = (attention(x) != attention(changed)).any(1)
    assert differs[:, :4, :6].all()
    assert not differs[:, 4:].any()
    assert not differs[:, :, 6:].any()


def test_it_is_attention() -> None:
    torch.manual_seed(0)
    attention, x = RegionAttention(8, 1), torch.randn(2, 8, 3, 4)
    query, key, value = (
        torch.cat(tuple(layer(x).flatten(2)), -1).T for layer in (attention.query, attention.key, attention.value)
    )
    expected = (query @ key.T).softmax(-1) @ value  # one channel of queries: nothing to divide by
    torch.testing.assert_close(attention(x).flatten(2), torch.stack(expected.T.chunk(2, 1)))


def test_pairs_of_a_batch_know_nothing_of_each_other() -> None:
    torch.manual_seed(0)
    attention, x = PyramidAttention(8, (1, 2, 4)), torch.randn(6, 8, 8, 8)
    alone = attention(x[1::3])
    torch.testing.assert_close(attention(x)[1::3], alone)
    torch.nn.init.zeros_(attention.mix.weight)
    assert torch.equal(attention(x), x)
