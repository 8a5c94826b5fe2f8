from __future__ import annotations

import torch

from changen_cli.models.bit.transformer import Attention, Layer, Tokenizer


def test_attention_is_the_one_of_the_formula() -> None:
    torch.manual_seed(0)
    attention = Attention(6, 2, 3)
    x, context = torch.randn(2, 5, 6), torch.randn(2, 4, 6)
    heads = []
    for head in range(2):
        rows = slice(3 * head, 3 * head + 3)
        query, key, value = (
            y @ layer.weight[rows].T
            for y, layer in ((x, attention.query), (context, attention.key), (context, attention.value))
        )
        heads.append((query @ key.transpose(1, 2) / 3**0.5).softmax(-1) @ value)
    torch.testing.assert_close(attention(x, context), attention.out(torch.cat(heads, -1)))


def test_a_layer_starts_from_what_it_is_given() -> None:
    torch.manual_seed(0)
    layer, x = Layer(6, 2, 3, 12), torch.randn(2, 5, 6)
    torch.testing.assert_close(layer(x), layer(x, x))
    for last in (layer.attention.out, layer.perceptron[-1]):
        torch.nn.init.zeros_(last.weight)  # type: ignore[arg-type]
        torch.nn.init.zeros_(last.bias)  # type: ignore[arg-type]
    assert torch.equal(layer(x, torch.randn(2, 3, 6)), x)


def test_tokens_are_averages_of_pixels() -> None:
    torch.manual_seed(0)
    tokenizer = Tokenizer(6, 4)
    x = torch.randn(2, 6, 8, 8)
    tokens = tokenizer(x)
    assert tokens.shape == (2, 4, 6)
    assert bool((tokens.amax(1) <= x.flatten(2).amax(-1)).all())
    torch.nn.init.zeros_(tokenizer.weigh.weight)
    torch.testing.assert_close(tokenizer(x), x.mean((2, 3))[:, None].expand(-1, 4, -1))
