"""A weights card as a STAC 1.1 item with the machine-learning-model extension (mlm), for catalogues of models."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from changen_cli.errors import WeightsError
from changen_cli.models.detector import Detector
from changen_cli.models.registry import get_model
from changen_cli.weights.card import Card

MLM = "https://stac-extensions.github.io/mlm/v1.4.0/schema.json"
FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"

_IMAGES = ["batch", "channel", "height", "width"]
_RANGE = "float32 in -1..1: v / 127.5 - 1 of a byte v"


def describe_weights(path: Path, card: Card) -> dict[str, Any]:
    """Returns the item of weights.

    A model lies nowhere and at no time, so its geometry is null and its interval open as the extension's examples have
    it. What a network takes besides images (layouts, looks, noise) is described, since the extension has no words for
    it.

    Args:
        path: Safetensors file.
        card: Its card.

    Returns:
        JSON values.

    Raises:
        WeightsError: If the file cannot be read.
        PluginError: If the model of the weights is not installed.
    """
    task, inputs, output = _interface(card)
    properties: dict[str, Any] = {
        "datetime": None,
        "start_datetime": "1900-01-01T00:00:00Z",
        "end_datetime": "9999-12-31T23:59:59Z",
        "title": card.name,
        "description": " ".join((card.summary, card.attribution)).strip() or card.name,
        "license": card.licence or "other",
        "mlm:name": card.name,
        "mlm:architecture": card.architecture,
        "mlm:tasks": [task],
        "mlm:framework": "PyTorch",
        "mlm:total_parameters": _parameters(path),
        "mlm:input": [
            {
                "name": name,
                "description": f"{what}; {_RANGE}",
                "bands": [],
                "input": {"shape": [-1, 3, -1, -1], "dim_order": _IMAGES, "data_type": "float32"},
            }
            for name, what in inputs.items()
        ],
        "mlm:output": [output],
    }
    if card.arguments:
        properties["mlm:hyperparameters"] = card.arguments
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [MLM, FILE],
        "id": card.name,
        "geometry": None,
        "properties": properties,
        "links": [],
        "assets": {
            "weights": {
                "href": path.name,
                "type": "application/octet-stream; application=safetensors",
                "title": f"Weights of {card.name}",
                "roles": ["mlm:model", "mlm:weights"],
                "mlm:artifact_type": "safetensors.torch.save_file",
                "file:size": path.stat().st_size,
                "file:checksum": f"1220{card.sha256}",  # multihash: SHA-256, 32 bytes
            },
            "card": {
                "href": path.with_suffix(".yaml").name,
                "type": "application/yaml",
                "title": "Card: where they come from, what they may be used for",
                "roles": ["metadata"],
            },
        },
    }


def _interface(card: Card) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Returns the task of a model, its images, and its output."""
    model = get_model(card.architecture)
    if issubclass(model.network, Detector):
        images = {"before": "I_t, RGB", "after": "I_t+1, RGB of the same ground"}
        return "segmentation", images, _output("change", "segmentation", 1, "logits of change")
    if model.discriminator is not None:
        images = {
            "image": "I_t, RGB; besides it layouts of both dates and noise or looks, as the architecture has them"
        }
        return "generative", images, _output("image", "generative", 3, f"I_t+1, RGB; {_RANGE}")
    images = {"image": "RGB"}
    classes = card.arguments.get("classes")
    count = classes if isinstance(classes, int) else -1
    return "semantic-segmentation", images, _output("layout", "semantic-segmentation", count, "logits of each class")


def _output(name: str, task: str, channels: int, what: str) -> dict[str, Any]:
    result = {"shape": [-1, channels, -1, -1], "dim_order": _IMAGES, "data_type": "float32"}
    return {"name": name, "tasks": [task], "description": what, "result": result}


def _parameters(path: Path) -> int:
    """Counts the numbers in a file, without reading them."""
    try:
        with safe_open(path, framework="pt") as file:
            return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118  no mapping
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: is no safetensors file that can be read ({error}); get it again") from error
