"""Read by pystac: the core is validated with the schemas it ships, the extension through its own classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pystac import Item
from pystac.extensions.mlm import MLMExtension, TaskType
from pystac.validation import validate_dict

from changen_cli.errors import WeightsError
from changen_cli.weights.card import find_weights, list_cards
from changen_cli.weights.stac import describe_weights


@pytest.mark.parametrize(
    ("name", "task", "inputs"),
    [
        ("compact", TaskType.GENERATIVE, ["image"]),
        ("segmenter", TaskType.SEMANTIC_SEGMENTATION, ["image"]),
        ("changelite", TaskType.SEGMENTATION, ["before", "after"]),
    ],
)
def test_a_card_is_an_item_of_the_model_extension(name: str, task: TaskType, inputs: list[str]) -> None:
    path, card = find_weights(name)
    made = json.loads(json.dumps(describe_weights(path, card), default=str))
    validate_dict(made | {"stac_extensions": []})
    item = Item.from_dict(made)
    assert MLMExtension.has_extension(item)
    model = MLMExtension.ext(item)
    assert (model.mlm_name, model.architecture, model.framework) == (card.name, card.architecture, "PyTorch")
    assert model.tasks == [task]
    assert [one.name for one in model.input] == inputs
    assert [one.input.dim_order for one in model.input] == [["batch", "channel", "height", "width"]] * len(inputs)
    assert len(model.output) == 1
    asset = item.assets["weights"]
    assert asset.extra_fields["file:size"] == path.stat().st_size
    assert asset.extra_fields["file:checksum"] == "1220" + card.sha256


def test_parameters_are_those_of_the_file() -> None:
    made = describe_weights(*find_weights("compact"))
    assert 5_000_000 < made["properties"]["mlm:total_parameters"] < 6_000_000  # README: 5.6 M


def test_all_that_ship_can_be_described() -> None:
    for path, card in list_cards().values():
        assert describe_weights(path, card)["id"] == card.name


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    _, card = find_weights("compact")
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(WeightsError, match=r"x\.safetensors"):
        describe_weights(tmp_path / "x.safetensors", card)


@pytest.mark.parametrize("name", ["compact", "compact-paper", "segmenter", "changelite"])
def test_the_model_of_the_extension_finds_it_valid(name: str) -> None:
    """stac-model is the extension's own Python model; the JSON schema that it makes of itself says the same."""
    schema = pytest.importorskip("stac_model.schema", reason="stac-model is not installed")
    made = json.loads(json.dumps(describe_weights(*find_weights(name)), default=str))
    found = schema.MLModelProperties.model_validate(made["properties"])
    assert found.name == made["properties"]["mlm:name"]
    for broken in ({"mlm:tasks": ["paint"]}, {"mlm:input": [{"name": "image"}]}, {"mlm:total_parameters": -1}):
        with pytest.raises(ValueError, match="validation error"):
            schema.MLModelProperties.model_validate(made["properties"] | broken)
