from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.segmenter import Segmenter, SegmenterConfig

TINY = SegmenterConfig(width=1 / 4)


def make(config: SegmenterConfig = TINY) -> Segmenter:
    torch.manual_seed(0)
    return Segmenter(config)


def test_it_is_small() -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in Segmenter(SegmenterConfig()).parameters()) == pytest.approx(1.1e6, rel=0.01)


@pytest.mark.parametrize("size", [(8, 8), (17, 40), (5, 7), (64, 48)])
@pytest.mark.parametrize("classes", [2, 4])
def test_logits_for_every_class_at_every_pixel(size: tuple[int, int], classes: int) -> None:
    with torch.inference_mode():
        logits = make(SegmenterConfig(classes=classes, width=1 / 4)).eval()(torch.rand(2, 3, *size))
    assert logits.shape == (2, classes, *size)
    assert logits.dtype == torch.float32


def test_it_runs_on_the_meta_device() -> None:
    with torch.device("meta"):
        assert Segmenter(SegmenterConfig())(torch.zeros(1, 3, 250, 256)).shape == (1, 2, 250, 256)


def test_a_sample_does_not_depend_on_its_neighbours() -> None:
    network, images = make().eval(), torch.rand(3, 3, 24, 32)
    with torch.inference_mode():
        torch.testing.assert_close(network(images[1:2])[0], network(images)[1], rtol=0, atol=1e-5)


def test_it_learns_where_objects_are() -> None:
    """Every parameter gets a gradient, and a few steps find bright squares on dark, noisy ground."""
    network = make()
    draw = torch.Generator().manual_seed(2)
    mask = torch.zeros(2, 32, 32, dtype=torch.long)
    mask[0, 4:16, 6:20] = 1
    mask[1, 15:30, 2:12] = 1
    image = torch.rand(2, 3, 32, 32, generator=draw) * 0.6 - 0.6 + mask[:, None]
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for step in range(45):
        optimizer.zero_grad()
        F.cross_entropy(network(image), mask).backward()
        if step == 0:
            for name, parameter in network.named_parameters():
                assert parameter.grad is not None, name
                assert parameter.grad.abs().sum() > 0, name
        optimizer.step()
    with torch.inference_mode():
        assert (network(image).argmax(1) == mask).float().mean() > 0.97


def test_arguments_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match="must be a"):
        SegmenterConfig(classes=1)
