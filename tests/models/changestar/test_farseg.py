from __future__ import annotations

import torch

from changen_cli.models.changestar.farseg import FarSegNeck, FeaturePyramid

CHANNELS = (4, 8, 16, 32)


def features() -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    return [torch.randn(2, c, 32 // 2**k, 32 // 2**k, generator=draw) for k, c in enumerate(CHANNELS)]


def test_a_pyramid_is_linear_and_passes_what_is_coarse_down() -> None:
    torch.manual_seed(0)
    pyramid, maps = FeaturePyramid(CHANNELS, 8), features()
    with torch.no_grad():
        one, two = pyramid(maps), pyramid([2 * x for x in maps])
        for a, b in zip(one, two, strict=True):
            torch.testing.assert_close(b, 2 * a)
        only_coarse = pyramid([*(torch.zeros_like(x) for x in maps[:-1]), maps[-1]])
    assert [tuple(x.shape) for x in one] == [(2, 8, 32, 32), (2, 8, 16, 16), (2, 8, 8, 8), (2, 8, 4, 4)]
    assert all(float(x.abs().max()) > 0.01 for x in only_coarse)


def test_a_place_is_weighed_by_its_relation_to_the_scene() -> None:
    """What the scene vector is made 0 for has the weight one half everywhere."""
    torch.manual_seed(0)
    neck, maps = FarSegNeck(CHANNELS, 8).eval(), features()
    with torch.no_grad():
        for layers in neck.relation.scene:
            layers[-1].weight.zero_()  # type: ignore[index]
            layers[-1].bias.zero_()  # type: ignore[index]
        weighed = neck(maps)
        pyramid = neck.pyramid(maps)
        for found, encoded, level in zip(weighed, neck.relation.encoded, pyramid, strict=True):
            torch.testing.assert_close(found, 0.5 * encoded(level))
