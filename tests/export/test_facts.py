from __future__ import annotations

import json
from pathlib import Path

import yaml

from changen_cli.export.facts import card, pair_facts
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.reporter import Silent


def source(stores: Path) -> Source:
    return Source(ExportOptions(series=str(stores / "zarr"), layout="parquet", output="unused"), Silent())


def test_a_pair_is_told_in_json(stores: Path) -> None:
    pair = next(source(stores).pairs())
    facts = json.loads(json.dumps(pair_facts(pair)))
    assert facts["id"] == "kampala__r0_c0__t0_t1"
    assert (facts["series"], facts["time_before"], facts["time_after"]) == ("kampala__r0_c0", 0, 1)
    assert facts["events"] == ["relocate", "create"]
    assert facts["transform"] == [0.5, 0, 450000, 0, -0.5, 9990000]


def test_a_card_has_its_header(stores: Path) -> None:
    configs = [{"config_name": "default", "data_files": "x"}]
    text = card(source(stores), "Title", configs, {"train": 999, "test": 1}, {"before": "I_t"}, "use()")
    _, header, body = text.split("---\n", 2)
    read = yaml.safe_load(header)
    assert read["configs"] == configs
    assert read["size_categories"] == ["1K<n<10K"]
    assert "1000 pairs" in body
    assert "| `before` | I_t |" in body
    assert "## Licences" in body
