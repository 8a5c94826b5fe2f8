from __future__ import annotations

from typing import Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.models.spade.arguments import SpadeArguments

DIGEST = "A" * 64


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"vgg_weights": "vgg19.pth", "perceptual": 10.0}, "go together"),
        ({"vgg_sha256": DIGEST, "perceptual": 10.0}, "go together"),
        ({"vgg_weights": "vgg19.pth", "vgg_sha256": DIGEST}, "--perceptual 10"),
        ({"vgg_weights": "vgg19.pth", "vgg_sha256": "abc", "perceptual": 10.0}, "64 hexadecimal digits"),
    ],
)
def test_weights_of_vgg_are_given_with_their_digest_and_a_weight(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SpadeArguments(**values)


def test_a_digest_is_kept_in_small_letters() -> None:
    arguments = SpadeArguments(perceptual=10.0, vgg_weights="vgg19.pth", vgg_sha256=DIGEST)
    assert arguments.vgg_sha256 == "a" * 64
    assert SpadeArguments().vgg_weights is None
