from __future__ import annotations

import torch

from changen_cli.training.data.jitter import jittered


def test_each_image_has_its_own_draw() -> None:
    image = torch.rand(2, 3, 8, 8) * 2 - 1
    both = jittered(image, 0.3, [(1, "a"), (1, "b")])
    assert torch.equal(both[1:], jittered(image[1:], 0.3, [(1, "b")]))
    assert not torch.allclose(both, image)
    assert float(both.abs().max()) <= 1
    torch.testing.assert_close(jittered(image, 0.0, [(1, "a"), (1, "b")]), image)
