"""The transformer of BiT: attention between a few tokens, and of every pixel to the tokens of its date."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Attention of queries to a context, by several heads; without bias but for the last layer."""

    def __init__(self, width: int, heads: int, channels: int) -> None:
        """Makes the layers.

        Args:
            width: Channels of queries, context and result.
            heads: Number of heads.
            channels: Channels of each head.
        """
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, heads * channels, bias=False)
        self.key = nn.Linear(width, heads * channels, bias=False)
        self.value = nn.Linear(width, heads * channels, bias=False)
        self.out = nn.Linear(heads * channels, width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Attends from ``x`` [B, N, width] to ``context`` [B, M, width]; as large as ``x``."""
        query, key, value = (
            y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for y in (self.query(x), self.key(context), self.value(context))
        )
        attended = F.scaled_dot_product_attention(query, key, value)
        mixed: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return mixed


class Layer(nn.Module):
    """Attention and a perceptron, each behind a layer normalisation and beside a shortcut."""

    def __init__(self, width: int, heads: int, channels: int, hidden: int) -> None:
        """Makes the layers.

        Args:
            width: Channels of the tokens.
            heads: Heads of the attention.
            channels: Channels of each head.
            hidden: Hidden units of the perceptron.
        """
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, channels)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width)
        )

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Transforms ``x`` [B, N, width], which attends to itself or to ``context`` [B, M, width]."""
        normed = self.norm(x)
        x = x + self.attention(normed, normed if context is None else self.norm(context))
        transformed: Tensor = x + self.perceptron(x)
        return transformed


class Tokenizer(nn.Module):
    """Sums an image up in a few tokens: averages of its pixels, each by weights of its own."""

    def __init__(self, width: int, tokens: int) -> None:
        """Makes the layer.

        Args:
            width: Channels of the pixels.
            tokens: Number of tokens.
        """
        super().__init__()
        self.weigh = nn.Conv2d(width, tokens, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Turns [B, width, H, W] into tokens [B, tokens, width]."""
        weights = self.weigh(x).flatten(2).softmax(-1)
        return torch.einsum("btn,bcn->btc", weights.to(x.dtype), x.flatten(2))
