from __future__ import annotations

import torch

from changen_cli.models.changestar.decoder import LightDecoder, enlarge


def test_all_levels_come_out_at_the_size_of_the_finest() -> None:
    torch.manual_seed(0)
    decoder = LightDecoder(8, 4, 4).eval()
    maps = [torch.randn(2, 8, 32 // 2**k, 24 // 2**k) for k in range(4)]
    with torch.no_grad():
        found = decoder(maps)
        each = [branch(x) for branch, x in zip(decoder.branches, maps, strict=True)]
    assert found.shape == (2, 4, 32, 24)
    torch.testing.assert_close(found, sum(each) / 4)
    convolutions = [sum(isinstance(m, torch.nn.Conv2d) for m in branch.modules()) for branch in decoder.branches]
    assert convolutions == [1, 1, 2, 3]


def test_corners_stay_where_they_are() -> None:
    small = torch.tensor([[[[0.0, 3.0], [6.0, 9.0]]]])
    large = enlarge(2)(small)
    assert large[0, 0, 0].tolist() == [0, 1, 2, 3]
    assert float(large[0, 0, -1, -1]) == 9
