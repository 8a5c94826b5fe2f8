from __future__ import annotations

import json
from copy import deepcopy

import numpy as np
import pytest

from changen_cli import open_series
from changen_cli.errors import PluginError, SceneError, UsageError
from changen_cli.pipeline import run as module
from changen_cli.pipeline.run import generate, prepare_run
from changen_cli.synthesis.copy import CopySynthesizer


def test_a_run_reports_as_it_goes(options, monkeypatch):
    monkeypatch.setattr(module, "REPORT_EVERY", 0.0)
    seen = []
    summary = generate(options(shard_samples=6, steps=2), lambda s: seen.append((s.finished, deepcopy(s))))
    # though there is one shard alone, every sample is reported
    assert [finished for finished, _ in seen] == [0, 1, 2, 3, 4, 5, 6, 6, 6]
    assert [s.under_way for _, s in seen] == [0, 1, 2, 3, 4, 5, 6, 0, 0]
    assert seen[-1][1] == summary
    assert summary.statuses == {"done": 6}
    assert summary.tile_steps_per_second == pytest.approx(12 / summary.seconds)
    assert summary.exit_code == 0


def test_reports_are_not_too_many(options, monkeypatch):
    monkeypatch.setattr(module, "REPORT_EVERY", 0.05)
    calls = []
    generate(options(variants=5), lambda s: calls.append(s.seconds))
    assert len(calls) > 3
    assert (np.diff(calls[:-1]) >= 0.0499).all()


def test_what_was_done_before_is_counted_and_not_timed(options):
    first = generate(options())
    seen = []
    again = generate(options(), lambda s: seen.append(s.finished))
    assert seen == [6, 6]
    assert again.resumed == 6
    assert again.tile_steps_per_second == 0
    assert again.seconds_left is None
    assert (again.statuses, again.changes) == (first.statuses, first.changes)


def test_a_library_is_read_before_the_output_is_touched(options, tmp_path):
    with pytest.raises(SceneError, match="no such vector file"):
        prepare_run(options(library=str(tmp_path / "no.gpkg")))
    with pytest.raises(SceneError, match="no such vector file"):
        generate(options(library=str(tmp_path / "no.gpkg")))
    assert not (tmp_path / "out").exists()


def swap(monkeypatch, factory):
    """Puts another synthesizer in the place of any."""
    load = module.plugins.load
    kind = module.plugins.SYNTHESIZERS
    monkeypatch.setattr(module.plugins, "load", lambda group, name: factory if group == kind else load(group, name))


def test_a_synthesizer_that_is_none_is_refused(options, monkeypatch):
    swap(monkeypatch, lambda settings: object())
    with pytest.raises(PluginError, match="'copy' has not the methods of one"):
        prepare_run(options())


def test_a_synthesizer_is_told_what_is_asked_of_it(options, monkeypatch):
    told = []

    class Curious(CopySynthesizer):
        def __init__(self, settings):
            told.append(settings)
            super().__init__(settings)

    swap(monkeypatch, Curious)
    prepare_run(options(events="rotate,scale=2", device="cpu", precision="bf16", weights="w"))
    assert told[0].events == ("rotate", "scale")
    assert (told[0].device, told[0].precision, told[0].weights) == ("cpu", "bf16", "w")


@pytest.mark.parametrize(
    ("wanted", "cores", "device", "synthesizer", "count"),
    [
        (3, 6, "cpu", "changen", 3),
        ("auto", 2, "cpu", "changen", 0),
        ("auto", 6, "cpu", "changen", 1),
        ("auto", 6, "cpu", "copy", 6),
        ("auto", 6, "cuda", "changen", 5),
    ],
)
def test_workers_fit_the_machine(options, monkeypatch, wanted, cores, device, synthesizer, count):
    monkeypatch.setattr(module, "cores", lambda: cores)
    assert module._choose_workers(options(workers=wanted, synthesizer=synthesizer), device) == count


def test_the_manifest_says_what_was_done(options, tmp_path):
    summary = generate(options(steps=2, seed=4, events="create=3,remove"))
    said = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert said["arguments"]["seed"] == 4
    assert said["arguments"]["synthesizer"] == {"name": "copy"}
    assert [(e["name"], e["weight"]) for e in said["arguments"]["schedule"]["events"]] == [("create", 3), ("remove", 1)]
    assert said["counts"] == {
        "samples": 6,
        "statuses": {"done": 6},
        "changes": dict(summary.changes),
        "shortfalls": dict(summary.shortfalls),
    }
    (scene,) = said["scenes"]
    assert (scene["id"], scene["split"], scene["tiles"], scene["crs"]) == ("town", "train", 6, "EPSG:32636")
    assert set(said["versions"]) == {"python", "torch", "rasterio", "shapely", "numpy", "zarr"}
    assert "licence of your input" in said["licences"]["imagery"]
    for absent in ("workers", "batch_size", "output", "overwrite"):
        assert absent not in said["arguments"]


def test_speed_may_change_on_resuming(options):
    generate(options(workers=0, batch_size=1))
    assert generate(options(workers=2, batch_size=4)).resumed == 6


def test_the_device_may_be_named_in_full(options, tmp_path):
    generate(options(device="cpu"))
    assert generate(options(device="cpu:0")).resumed == 6


def test_unknown_devices_are_refused(options):
    with pytest.raises(UsageError, match="--device abacus"):
        generate(options(device="abacus"))


def test_paths_and_series_in_one_go(options, tmp_path):
    generate(options(output=tmp_path / "there"))
    assert len(open_series(tmp_path / "there")) == 6
