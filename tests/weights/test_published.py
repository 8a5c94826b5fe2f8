from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from changen_cli.errors import UsageError, WeightsError
from changen_cli.models.changestar import ChangeStar
from changen_cli.weights.card import file_sha256
from changen_cli.weights.load import load_network
from changen_cli.weights.published import import_weights
from tests.fixtures.published import their_changestar


@pytest.fixture(scope="module")
def theirs() -> dict[str, Tensor]:
    return their_changestar("resnet18")


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Any], Path]:
    def write(stored: Any) -> Path:
        torch.save(stored, tmp_path / "theirs.pth")
        return tmp_path / "theirs.pth"

    return write


def test_a_published_checkpoint_becomes_weights_of_ours(
    theirs: dict[str, Tensor], save: Callable[[Any], Path], tmp_path: Path
) -> None:
    file = save({"model": {f"module.{name}": x for name, x in theirs.items()}, "global_step": 5600})
    path = import_weights(file, "changestar", tmp_path / "out", "levir", licence="Apache-2.0")
    network, card = load_network(str(path))
    assert isinstance(network, ChangeStar)
    assert (card.architecture, card.arguments, card.licence) == ("changestar", {"backbone": "resnet18"}, "Apache-2.0")
    assert card.training["imported_sha256"] == file_sha256(file)
    state = network.state_dict()
    assert torch.equal(state["mixin.0.weight"], theirs["decoder.conv.0.weight"])
    assert torch.equal(state["decoder.branches.3.4.1.running_var"], theirs["encoder.dec.blocks.3.2.1.running_var"])


def test_what_does_not_fit_is_named(theirs: dict[str, Tensor], save: Callable[[Any], Path], tmp_path: Path) -> None:
    def refused(changed: dict[str, Any], message: str) -> None:
        stored = {name: x for name, x in (theirs | changed).items() if x is not None}
        with pytest.raises(WeightsError, match=message):
            import_weights(save(stored), "changestar", tmp_path / "out", "levir")
        assert not (tmp_path / "out").exists()

    refused({"decoder.conv.0.weight": None}, r"theirs\.pth: lacks mixin\.0\.weight; it is of another network")
    refused({"head.aside": torch.ones(1), "x": torch.ones(1)}, r"has besides head\.aside and 1 more; it is of another")
    refused({"head.change_conv.0.bias": torch.ones(2)}, r"head\.0\.bias has the shape \[2\], not \[1\]")
    refused({"head.change_conv.0.bias": torch.full((1,), torch.nan)}, r"head\.0\.bias is not finite")
    with pytest.raises(WeightsError, match="SHA-256 is"):
        import_weights(save(theirs), "changestar", tmp_path / "out", "levir", sha256="0" * 64)
    with pytest.raises(UsageError, match=r"--as segmenter: there is nothing to read .*; choose changestar"):
        import_weights(save(theirs), "segmenter", tmp_path / "out", "levir")
    with pytest.raises(UsageError, match=r"weights name 'a/b': give a plain name"):
        import_weights(save(theirs), "changestar", tmp_path / "out", "a/b")


def test_counters_may_be_missing(theirs: dict[str, Tensor], save: Callable[[Any], Path], tmp_path: Path) -> None:
    file = save({name: x for name, x in theirs.items() if not name.endswith("num_batches_tracked")})
    network, _ = load_network(str(import_weights(file, "changestar", tmp_path, "old")))
    assert network.state_dict()["mixin.1.num_batches_tracked"] == 0
