from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.changen import ChangenGenerator, GeneratorConfig
from changen_cli.models.look_draws import LookDraws
from changen_cli.models.looks import Looks

TINY = GeneratorConfig(width=1 / 16, hidden=(8,) * 6)


COMPACT = GeneratorConfig(
    width=0.5,
    hidden=(64, 64, 64, 32, 16, 16),
    noise_dim=48,
    transition_noise=True,
    adaptive_shortcut=False,
    looks=True,
)


def make(config: GeneratorConfig = TINY) -> ChangenGenerator:
    torch.manual_seed(0)
    return ChangenGenerator(config)


def inputs(height: int, width: int, batch: int = 2, device: str = "cpu") -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    masks = (torch.rand(2, batch, height, width, generator=draw) > 0.7).to(torch.uint8)
    image = torch.rand(batch, 3, height, width, generator=draw) * 2 - 1
    noise = torch.randn(batch, TINY.noise_dim, generator=draw)
    return image.to(device), masks[0].to(device), masks[1].to(device), noise.to(device)


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (32, 32), (33, 65), (64, 48), (256, 256)])
def test_output_has_the_size_of_the_input_and_lies_in_range(size: tuple[int, int]) -> None:
    with torch.inference_mode():
        made = make().eval()(*inputs(*size))
    assert made.shape == (2, 3, *size)
    assert made.dtype == torch.float32
    assert made.abs().max() <= 1
    assert made.std() > 1e-4


def test_a_sample_does_not_depend_on_its_neighbours() -> None:
    network = make().eval()
    args = inputs(48, 64, batch=3)
    with torch.inference_mode():
        together = network(*args)
        for n in range(3):
            torch.testing.assert_close(network(*(a[n : n + 1] for a in args))[0], together[n], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (GeneratorConfig(), 24.78e6),
        (COMPACT, 5.62e6),
    ],
    ids=["paper", "compact"],
)
def test_parameters_of_the_presets(config: GeneratorConfig, expected: float) -> None:
    assert sum(p.numel() for p in ChangenGenerator(config).parameters()) == pytest.approx(expected, rel=0.01)


def test_latents_and_decoder_have_the_papers_channels() -> None:
    assert GeneratorConfig().channels == (512, 256, 128, 64, 32, 16)


def test_every_parameter_gets_a_gradient() -> None:
    network = make()
    image, before, after, noise = inputs(64, 64)
    before[:, :32], after[:, 32:] = 0, 0  # some cells of every level are ground, at every stride
    (network(image, before, after, noise) * torch.rand(2, 3, 64, 64)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        # instance normalisation takes a bias before it away again
        if not (name.startswith("transitions") and name.endswith("destyle.bias")):
            assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("switch", [{"destyle": False}, {"masking": False}, {"destyle": False, "masking": False}])
def test_ablations_are_other_functions(switch: dict[str, Any]) -> None:
    whole, ablated = make().eval(), make(replace(TINY, **switch)).eval()
    ablated.load_state_dict(whole.state_dict(), strict="destyle" not in switch and not switch.get("destyle", True))
    args = inputs(64, 64)
    with torch.inference_mode():
        assert (whole(*args) - ablated(*args)).abs().max() > 1e-4


def test_more_classes() -> None:
    network = make(GeneratorConfig(classes=4, width=1 / 16, hidden=(8,) * 6)).eval()
    image, before, after, noise = inputs(32, 32)
    with torch.inference_mode():
        two, three = (network(image, before, after * c, noise) for c in (2, 3))
    assert (two - three).abs().max() > 1e-5


class Scrambler(nn.Module):
    """Stands for the encoder; shuffles its features among the cells that a region touches, all levels alike."""

    def __init__(self, encoder: nn.Module, region: Tensor | None) -> None:
        super().__init__()
        self.encoder, self.region = encoder, region

    def forward(self, image: Tensor) -> list[Tensor]:
        features = [f.clone() for f in self.encoder(image)]
        if self.region is not None:
            for feature in features:
                stride = image.shape[-1] // feature.shape[-1]
                places = F.max_pool2d(self.region[None, None].float(), stride)[0, 0] > 0
                feature[:, :, places] = feature[:, :, places].flip(-1)
        return features


def influence(call: Any, network: ChangenGenerator, region: Tensor, args: Sequence[Tensor]) -> float:
    """How much the result changes when the latents inside a region are shuffled."""
    encoder = network.encoder
    made = []
    with torch.inference_mode():
        for where in (None, region):
            network.encoder = Scrambler(encoder, where)  # type: ignore[assignment]
            made.append(call(*args))
    network.encoder = encoder
    return float((made[0] - made[1]).abs().max())


def removal_and_creation() -> tuple[tuple[Tensor, Tensor, Tensor, Tensor], Tensor, Tensor]:
    """One building is removed, another created, far apart; each touches several cells at every stride."""
    image, before, after, noise = inputs(128, 128, batch=1)
    before.zero_()
    after.zero_()
    before[:, 2:30, 5:120] = 1
    after[:, 66:94, 5:120] = 1
    return (image, before, after, noise), before[0] > 0, after[0] > 0


def test_what_stood_there_before_is_hidden_and_what_is_built_upon_is_seen() -> None:
    """Catches S_t and S_t+1 swapped inside G: such a generator creates well and never removes."""
    network = make().eval()
    args, removed, created = removal_and_creation()
    assert influence(network, network, removed, args) < 1e-5
    assert influence(network, network, created, args) > 1e-3


def test_the_figure_above_does_catch_a_swap() -> None:
    network = make().eval()
    args, removed, created = removal_and_creation()

    def swapped(image: Tensor, before: Tensor, after: Tensor, noise: Tensor) -> Tensor:
        made: Tensor = network(image, after, before, noise)
        return made

    assert influence(swapped, network, removed, args) > 1e-3
    assert influence(swapped, network, created, args) < 1e-5


def test_without_masking_what_stood_there_leaks() -> None:
    network = make(GeneratorConfig(width=1 / 16, hidden=(8,) * 6, masking=False)).eval()
    args, removed, _ = removal_and_creation()
    assert influence(network, network, removed, args) > 1e-3


def test_padding_mirrors_the_layouts_with_the_image() -> None:
    """A building at the edge is mirrored into the padding; there too it must be hidden."""
    network = make().eval()
    image, before, after, noise = inputs(48, 80, batch=1)
    seen: list[tuple[Tensor, ...]] = []
    network.encoder.register_forward_pre_hook(lambda module, given: seen.append(given))
    network.transitions[5].register_forward_pre_hook(lambda module, given: seen.append(given))
    with torch.inference_mode():
        network(image, before, after, noise)
    (padded,), (_, _, foreground, condition, _) = seen
    for made, given in ((padded, image), (foreground[:, 0], before > 0), (condition[:, 1], after > 0)):
        assert made.shape[-2:] == (64, 96)
        assert torch.equal(made[..., :48, :80].to(given.dtype), given)
        assert torch.equal(made[..., :48, 80:].to(given.dtype), given[..., 63:79].flip(-1))
        assert torch.equal(made[..., 48:, :80].to(given.dtype), given[..., 31:47, :].flip(-2))


def test_no_tensor_is_made_on_another_device() -> None:
    network = make().to("meta")
    for size in ((32, 32), (50, 70)):
        made = network(*inputs(*size, device="meta"))
        assert made.device.type == "meta"
        assert made.shape == (2, 3, *size)


def test_bfloat16_gives_nearly_the_same_image() -> None:
    network = make().eval()
    args = inputs(64, 64)
    with torch.inference_mode():
        exact = network(*args)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = network(*args)
    assert rounded.dtype == torch.float32
    assert (rounded - exact).abs().mean() < 0.02 * exact.std()


def test_it_is_deterministic() -> None:
    args = inputs(64, 64)
    with torch.inference_mode():
        first, second = (make().eval()(*args) for _ in range(2))
    assert torch.equal(first, second)


def test_noise_gives_other_images() -> None:
    network = make().eval()
    image, before, after, noise = inputs(64, 64)
    with torch.inference_mode():
        assert (network(image, before, after, noise) - network(image, before, after, -noise)).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"classes": 1}, "classes 1: must be a whole number from 2"),
        ({"hidden": (8,) * 5}, "must be 6 values"),
        ({"hidden": (8,) * 5 + (0,)}, "each a whole number from 1"),
        ({"width": 0.01}, "width"),
        ({"noise_dim": 0}, "noise_dim 0: must"),
    ],
)
def test_arguments_out_of_range_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        GeneratorConfig(**values)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_nearly_the_same_image() -> None:
    network = make().eval()
    args = inputs(64, 64)
    with torch.inference_mode():
        expected = network(*args)
        made = network.cuda()(*(a.cuda() for a in args)).cpu()
    assert (made - expected).abs().mean() < 0.02 * expected.std()


LOOKS = GeneratorConfig(width=1 / 16, hidden=(8,) * 6, noise_dim=6, looks=True, transition_noise=True)


def with_looks(seed: int = 1, batch: int = 1, size: int = 128) -> tuple[Tensor, Tensor, Tensor, Looks]:
    """A kept, a removed and a created building, regions 1, 2 and 3."""
    draw = torch.Generator().manual_seed(seed)
    image = torch.rand(batch, 3, size, size, generator=draw) * 2 - 1
    states = torch.zeros(2, batch, size, size, dtype=torch.int32)
    states[:, :, 8:28, 8:60] = 1
    states[0, :, 40:60, 70:110] = 2
    states[1, :, 80:110, 8:40] = 3
    looks = Looks(torch.randn(batch, 4, 6, generator=draw), states[1], torch.arange(batch))
    before, after = (states > 0).to(torch.uint8)
    return image, before, after, looks


def test_an_object_has_its_own_look() -> None:
    network = make(LOOKS).eval()
    image, before, after, looks = with_looks()
    other = looks.codes.clone()
    other[:, 1] += 3
    with torch.inference_mode():
        change = (network(image, before, after, looks) - network(image, before, after, replace(looks, codes=other)))[0]
    change = change.abs().amax(0)
    assert change[8:28, 8:60].mean() > 3 * change[80:110, 60:].mean()
    assert change[8:28, 8:60].mean() > 1e-3


def test_with_looks_what_is_hidden_has_no_influence_at_all() -> None:
    """Neither through the convolutions of the encoder nor through statistics, as it has in the paper's generator."""
    image, before, after, looks = with_looks()
    hidden = torch.zeros(128, 128, dtype=torch.bool)
    hidden[8:28, 8:60] = hidden[80:110, 8:40] = True  # kept, created
    hidden[37:63, 67:113] = True  # removed, and 3 pixels around it
    other = torch.where(hidden, -image, image)
    network = make(LOOKS).eval()
    with torch.inference_mode():
        expected = network(image, before, after, looks)
        assert torch.equal(network(other, before, after, looks), expected)
        seen = image.clone()
        seen[..., 36, 67:113] *= -1  # the row above
        assert (network(seen, before, after, looks) - expected).abs().max() > 1e-4


def test_with_looks_the_noise_of_pixels_has_a_key() -> None:
    network = make(LOOKS).eval()
    with torch.no_grad():
        for block in network.blocks:
            block.get_parameter("texture").fill_(0.5)
    image, before, after, looks = with_looks(batch=2)
    with torch.inference_mode():
        made = [network(image, before, after, replace(looks, keys=torch.tensor(keys))) for keys in ([0, 1], [0, 2])]
    assert torch.equal(made[0][0], made[1][0])
    assert (made[0][1] - made[1][1]).abs().mean() > 1e-3


def test_every_parameter_with_looks_gets_a_gradient() -> None:
    network = make(LOOKS)
    image, before, after, looks = with_looks(batch=2)
    assert network.looks is not None
    read = network.looks(image, looks.regions, 4)
    codes = network.looks.choose(
        read, LookDraws(torch.arange(4).expand(2, 4), torch.zeros(2, 4), torch.randn(2, 4, 6)), sampled=True
    )
    (network(image, before, after, replace(looks, codes=codes)) * torch.rand(2, 3, 128, 128)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        if not (name.startswith("transitions") and name.endswith("destyle.bias")):
            assert parameter.grad.abs().max() > 0, name


def test_looks_of_any_size_and_on_any_device() -> None:
    image, before, after, looks = with_looks(size=112)
    with torch.inference_mode():
        assert make(LOOKS).eval()(image, before, after, looks).shape == (1, 3, 112, 112)
        elsewhere = Looks(*(getattr(looks, name).to("meta") for name in ("codes", "regions", "keys")))
        made = make(LOOKS).to("meta")(image.to("meta"), before.to("meta"), after.to("meta"), elsewhere)
    assert made.device.type == "meta"


def test_bilinear_upsampling_draws_no_squares_where_nothing_is_to_be_seen() -> None:
    """All is hidden, and noise is at the coarsest level alone: what differs within its cells is upsampling's."""
    steps = {}
    for upsampling in ("nearest", "bilinear"):
        network = make(replace(COMPACT, upsampling=upsampling)).eval()
        for block in network.blocks:
            block.get_parameter("texture").data.zero_()
        network.blocks[0].get_parameter("texture").data.normal_(std=3.0)
        image, before, after, _ = inputs(128, 128, batch=1)
        regions = torch.zeros(1, 128, 128, dtype=torch.int64)
        looks = Looks(torch.zeros(1, 1, 48), regions, torch.tensor([7]))
        with torch.inference_mode():
            made = network(image, torch.ones_like(before), torch.zeros_like(after), looks)[0].mean(0)
        inner = made[32:96, 32:96]
        change = inner.diff(dim=0).abs()
        at_borders = change[15::16].mean()  # between cells of stride 16
        steps[upsampling] = float(at_borders / change.mean())
    assert steps["bilinear"] < 0.5 * steps["nearest"]
