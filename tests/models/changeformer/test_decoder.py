from __future__ import annotations

import torch

from changen_cli.models.changeformer.decoder import Difference, DifferenceDecoder, Residual, enlarger


def test_a_difference_sees_both_dates_of_one_pair() -> None:
    torch.manual_seed(0)
    compare = Difference(4).eval()
    first, second = torch.randn(2, 3, 4, 8, 8)
    with torch.no_grad():
        found = compare(torch.cat([first, second]))
        torch.testing.assert_close(found[:1], compare(torch.cat([first[:1], second[:1]])))
        assert not torch.allclose(found, compare(torch.cat([second, first])))
    assert found.shape == (3, 4, 8, 8)


def test_a_tenth_is_added() -> None:
    torch.manual_seed(0)
    block, x = Residual(4), torch.randn(1, 4, 8, 8)
    torch.testing.assert_close(block(x) - x, block.layers(x) / 10)


def test_what_is_coarse_reaches_the_finest() -> None:
    torch.manual_seed(0)
    decoder = DifferenceDecoder((3, 5, 7, 9), 4).eval()
    features = [torch.randn(2, c, 32 // 2**k, 32 // 2**k) for k, c in enumerate((3, 5, 7, 9))]
    with torch.no_grad():
        found = decoder(features)
        other = decoder([*features[:-1], 3 * features[-1]])
        assert enlarger(4)(found).shape == (1, 4, 128, 128)
    assert found.shape == (1, 4, 32, 32)
    assert not torch.allclose(found, other)
