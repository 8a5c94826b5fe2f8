"""What of the pre-event foreground gets through the masked transition layer: nothing but two numbers per channel."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from changen_cli.models.changen.transition import MaskedTransition
from changen_cli.models.layers import one_hot

SIZE, CHANNELS = 16, 16


def make(*, destyle: bool = True, masking: bool = True) -> MaskedTransition:
    torch.manual_seed(0)
    return MaskedTransition(CHANNELS, 2, 8, 4, 4, destyle=destyle, masking=masking).eval()


@pytest.fixture
def args() -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(1)
    after = torch.zeros(2, SIZE, SIZE, dtype=torch.uint8)
    after[:, 8:14, 8:14] = 1
    foreground = torch.zeros(2, 1, SIZE, SIZE, dtype=torch.bool)
    foreground[:, :, 2:7, 2:9] = True
    return {
        "before": torch.randn(2, CHANNELS, SIZE, SIZE, generator=draw),
        "after": torch.randn(2, CHANNELS, SIZE, SIZE, generator=draw),
        "hidden": foreground,
        "condition": one_hot(after, 2),
        "noise": torch.randn(2, 4, generator=draw),
    }


def shuffled(features: Tensor, where: Tensor) -> Tensor:
    """Shuffles every channel by itself among the marked places: other content, the same mean and variance."""
    result = features.clone()
    places = where[0, 0]
    for channel in range(features.shape[1]):
        order = torch.randperm(int(places.sum()), generator=torch.Generator().manual_seed(channel))
        result[:, channel, places] = features[:, channel, places][:, order]
    return result


def difference(layer: MaskedTransition, args: dict[str, Tensor], before: Tensor) -> Tensor:
    """Returns |change of the field|, largest over samples and channels, [H, W]."""
    with torch.inference_mode():
        changed: Tensor = layer(**args) - layer(**(args | {"before": before}))
    return changed.abs().amax((0, 1))


def test_without_destyling_pre_event_foreground_has_no_influence_at_all(args: dict[str, Tensor]) -> None:
    other = torch.where(args["hidden"], 100 * torch.randn_like(args["before"]), args["before"])
    assert difference(make(destyle=False), args, other).max() == 0


def test_pre_event_foreground_gets_through_as_mean_and_variance_only(args: dict[str, Tensor]) -> None:
    # the 1x1 convolution mixes channels, so here all channels are shuffled alike
    places = args["hidden"][0, 0]
    other = args["before"].clone()
    other[:, :, places] = args["before"][:, :, places].flip(-1)
    assert difference(make(), args, other).max() < 1e-4


def test_what_the_instance_normalisation_lets_through_is_one_scale_and_shift_per_channel(
    args: dict[str, Tensor],
) -> None:
    """The de-styled background may differ by an affine map of each channel, never in its pattern."""
    layer = make()
    seen: list[Tensor] = []
    layer.norm.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    other = torch.where(args["hidden"], 3 * args["before"].roll(1, 0) + 1, args["before"])
    with torch.inference_mode():
        for before in (args["before"], other):
            layer(**(args | {"before": before}))
    ground = ~args["hidden"][0, 0]
    # undo the leaky ReLU, which is invertible
    first, second = (torch.where(s > 0, s, s / 0.2)[:, :, ground] for s in seen)
    assert not torch.allclose(first, second)
    for a, b in zip(first.flatten(0, 1), second.flatten(0, 1), strict=True):
        assert torch.corrcoef(torch.stack([a, b]))[0, 1] > 0.9999
    hidden = args["hidden"][0, 0]
    assert torch.equal(seen[0][:, :, hidden], args["after"][:, :, hidden])


def test_without_masking_it_leaks(args: dict[str, Tensor]) -> None:
    places = args["hidden"][0, 0]
    other = shuffled(args["before"], args["hidden"])
    assert difference(make(masking=False), args, other)[places].max() > 0.1
    assert difference(make(masking=False, destyle=False), args, other)[places].max() > 0.1


def test_pre_event_ground_does_have_influence(args: dict[str, Tensor]) -> None:
    """Also under what is created: hiding S_t+1 instead of S_t would cut this."""
    created = args["condition"][:, 1:] > 0
    other = shuffled(args["before"], created)
    for destyle in (True, False):
        assert difference(make(destyle=destyle), args, other)[created[0, 0]].max() > 0.1


def test_the_field_is_conditioned_on_the_post_event_layout(args: dict[str, Tensor]) -> None:
    layer = make()
    with torch.inference_mode():
        empty = layer(**(args | {"condition": one_hot(torch.zeros(2, SIZE, SIZE, dtype=torch.uint8), 2)}))
        change = (layer(**args) - empty).abs().amax((0, 1))
    assert change[9:13, 9:13].min() > 1e-4
    assert change[:5].max() == 0


def test_the_ablations_of_table_3_take_the_destyling_convolution_away() -> None:
    assert make(destyle=False).destyle is None
    assert make(masking=False).destyle is not None


def test_a_level_of_one_pixel_works(args: dict[str, Tensor]) -> None:
    """A tile of up to 32 pixels is a single cell at stride 32, where instance normalisation has nothing to compare."""
    one = {k: v if k == "noise" else v[..., :1, :1] for k, v in args.items()}
    assert torch.isfinite(make()(**one)).all()
