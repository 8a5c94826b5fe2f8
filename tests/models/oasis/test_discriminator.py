from __future__ import annotations

import pytest
import torch
from torch.nn.utils.parametrize import is_parametrized

from changen_cli.errors import UsageError
from changen_cli.models.oasis import DiscriminatorConfig, SegmentationDiscriminator
from changen_cli.models.oasis.discriminator import ResidualBlock


@pytest.mark.parametrize(("size", "classes"), [((64, 64), 2), ((128, 192), 5)])
def test_logits_have_one_class_more_and_the_size_of_the_image(size: tuple[int, int], classes: int) -> None:
    network = SegmentationDiscriminator(DiscriminatorConfig(classes, 1 / 16))
    logits = network(torch.rand(2, 3, *size))
    assert logits.shape == (2, classes + 1, *size)
    assert logits.dtype == torch.float32


def test_parameters_as_published() -> None:
    with torch.device("meta"):
        network = SegmentationDiscriminator(DiscriminatorConfig())
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(22.25e6, rel=1e-4)


def test_shortcuts_are_learned_where_widths_differ_and_the_logits_are_not_normalised() -> None:
    with torch.device("meta"):
        network = SegmentationDiscriminator(DiscriminatorConfig())
    blocks = [block for block in [*network.down, *network.up] if isinstance(block, ResidualBlock)]
    widths = [(block.conv0.in_channels, block.conv0.out_channels) for block in blocks]
    assert widths == [
        (3, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512),
        (512, 512), (1024, 256), (512, 256), (512, 128), (256, 128), (256, 64),
    ]  # fmt: skip
    for (inputs, outputs), block in zip(widths, blocks, strict=True):
        assert (block.shortcut is None) == (inputs == outputs)
        if block.shortcut is not None:
            assert block.shortcut.bias is not None
            assert is_parametrized(block.shortcut, "weight")
    assert not is_parametrized(network.last)


def test_every_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    network = SegmentationDiscriminator(DiscriminatorConfig(width=1 / 16))
    (network(torch.rand(2, 3, 64, 64)) * torch.randn(2, 3, 64, 64)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_bfloat16_gives_nearly_the_same_logits_in_float32() -> None:
    torch.manual_seed(0)
    network = SegmentationDiscriminator(DiscriminatorConfig(width=1 / 16)).eval()
    image = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        exact = network(image)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = network(image)
    assert rounded.dtype == torch.float32
    assert (rounded - exact).abs().mean() < 0.03 * exact.std()


def test_no_tensor_is_made_on_another_device() -> None:
    network = SegmentationDiscriminator(DiscriminatorConfig(width=1 / 16)).to("meta")
    assert network(torch.empty(1, 3, 64, 64, device="meta")).device.type == "meta"


def test_it_sees_detail_and_context() -> None:
    """A logit depends on its own pixel and on one far away: the way down and the skips both reach it."""
    torch.manual_seed(0)
    network = SegmentationDiscriminator(DiscriminatorConfig(width=1 / 16))
    image = torch.rand(1, 3, 128, 128, requires_grad=True)
    network(image)[0, :, 64, 64].sum().backward()
    assert image.grad is not None
    assert image.grad[0, :, 64, 64].abs().max() > 0
    assert image.grad[0, :, :16, :16].abs().max() > 0


@pytest.mark.parametrize("values", [{"classes": 1}, {"width": 0.01}, {"width": 5.0}])
def test_arguments_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be a"):
        DiscriminatorConfig(**values)  # type: ignore[arg-type]
