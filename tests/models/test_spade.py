from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from changen_cli.errors import UsageError
from changen_cli.models.layers import one_hot
from changen_cli.models.spade import MultiScaleDiscriminator, PatchConfig, SpadeConfig, SpadeGenerator, feature_matching

TINY = SpadeConfig(width=1 / 64, hidden=(8,) * 7, noise_dim=6)
PUBLISHED = 93.0e6
"""For Cityscapes: 35 classes and one channel of instance edges (Li et al. 2020, GAN Compression)."""


def make() -> SpadeGenerator:
    torch.manual_seed(0)
    return SpadeGenerator(TINY)


def inputs(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    mask = (torch.rand(batch, height, width, generator=draw) > 0.7).to(torch.uint8)
    return mask, torch.randn(batch, TINY.noise_dim, generator=draw)


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_as_published_but_for_the_noise() -> None:
    with torch.device("meta"):
        cityscapes = SpadeGenerator(SpadeConfig(classes=36))
        two_classes = SpadeGenerator(SpadeConfig())
    assert parameters(cityscapes) - parameters(cityscapes.first_noise) == pytest.approx(PUBLISHED, rel=0.001)
    assert parameters(two_classes) == pytest.approx(92.3e6, rel=0.001)


def test_a_compact_size() -> None:
    with torch.device("meta"):
        network = SpadeGenerator(SpadeConfig(width=15 / 64, hidden=(64, 64, 64, 64, 32, 16, 16)))
    assert parameters(network) == pytest.approx(6.3e6, rel=0.01)


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (33, 65), (128, 96)])
def test_output_has_the_size_of_the_mask_and_lies_in_range(size: tuple[int, int]) -> None:
    with torch.inference_mode():
        made = make().eval()(*inputs(*size))
    assert made.shape == (2, 3, *size)
    assert made.abs().max() <= 1
    assert made.std() > 1e-4


def test_it_runs_on_the_meta_device_at_full_size() -> None:
    with torch.device("meta"):
        made = SpadeGenerator(SpadeConfig()).eval()(torch.zeros(1, 200, 256, dtype=torch.uint8), torch.zeros(1, 256))
    assert made.shape == (1, 3, 200, 256)


def test_every_parameter_gets_a_gradient() -> None:
    network = make()
    mask, noise = inputs(64, 64)
    mask[:, :32] = 0
    (network(mask, noise) * torch.rand(2, 3, 64, 64)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_mask_and_noise_both_count_and_neighbours_do_not() -> None:
    network = make().eval()
    mask, noise = inputs(32, 32)
    with torch.inference_mode():
        made = network(mask, noise)
        assert (network(1 - mask, noise) - made).abs().max() > 1e-4
        assert (network(mask, -noise) - made).abs().max() > 1e-4
        torch.testing.assert_close(network(mask[1:], noise[1:])[0], made[1], rtol=0, atol=1e-5)


def test_noise_enters_at_the_start_alone() -> None:
    linear = [name for name, m in make().named_modules() if isinstance(m, nn.Linear)]
    assert linear == ["first_noise"]


def test_the_discriminator_gives_features_and_scores_at_every_scale() -> None:
    torch.manual_seed(0)
    network = MultiScaleDiscriminator(PatchConfig(width=1 / 8, scales=3))
    mask, _ = inputs(96, 64)
    results = network(torch.rand(2, 3, 96, 64) * 2 - 1, one_hot(mask, 2))
    assert [len(maps) for maps in results] == [5, 5, 5]
    assert [maps[0].shape[1:] for maps in results] == [(8, 49, 33), (8, 25, 17), (8, 13, 9)]
    for maps in results:
        assert maps[-1].shape[:2] == (2, 1)
    torch.stack([maps[-1].square().mean() for maps in results]).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            assert parametrize.is_parametrized(layer, "weight")


def test_the_discriminator_looks_at_the_mask() -> None:
    torch.manual_seed(0)
    network = MultiScaleDiscriminator(PatchConfig(width=1 / 8)).eval()
    image = torch.rand(1, 3, 64, 64)
    mask, _ = inputs(64, 64, batch=1)
    with torch.no_grad():
        one, other = (network(image, one_hot(m, 2))[0][-1] for m in (mask, 1 - mask))
    assert (one - other).abs().max() > 1e-3


def test_parameters_of_the_discriminator() -> None:
    with torch.device("meta"):
        assert parameters(MultiScaleDiscriminator(PatchConfig())) == pytest.approx(5.53e6, rel=0.01)


def test_feature_matching_compares_features_not_scores() -> None:
    real = [[torch.zeros(1, 2, 4, 4), torch.ones(1, 3, 2, 2), torch.zeros(1, 1, 2, 2)]]
    fake = [[torch.full((1, 2, 4, 4), 2.0, requires_grad=True), torch.zeros(1, 3, 2, 2), torch.full((1, 1, 2, 2), 9.0)]]
    loss = feature_matching(fake, real)
    assert loss.item() == 2.0 + 1.0
    assert feature_matching(fake * 2, real * 2).item() == 3.0  # a mean over the scales
    loss.backward()
    assert fake[0][0].grad is not None


def test_no_gradient_passes_through_the_real_features() -> None:
    real = [[torch.zeros(1, 1, 2, 2, requires_grad=True), torch.zeros(1)]]
    fake = [[torch.ones(1, 1, 2, 2, requires_grad=True), torch.zeros(1)]]
    feature_matching(fake, real).backward()
    assert real[0][0].grad is None


def test_arguments_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match="must be 7 values"):
        SpadeConfig(hidden=(8,) * 6)
    with pytest.raises(UsageError, match="must be a"):
        PatchConfig(scales=0)
