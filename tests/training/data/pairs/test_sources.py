from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from changen_cli.errors import ChangenError, TrainingError, UsageError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.pairs import PairData
from changen_cli.training.config.run import parse
from changen_cli.training.data.base import Sources
from changen_cli.training.data.discover import LIMITS
from changen_cli.training.data.loader import batches
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.data.pairs.simulated import SimulatedPairs
from changen_cli.training.data.pairs.sources import PairBatches, count_iterations, make_sources, open_data
from changen_cli.training.data.pairs.stored import StoredPairs
from tests.reporting import Heard


def sources(recipe: dict[str, Any], **values: Any) -> Sources[PairBatch, PairBatches]:
    return make_sources(parse(DetectionConfig, recipe | values, "recipe"), LIMITS, "cpu", Heard())


def test_a_folder_of_pairs_or_of_scenes_is_known_by_what_it_holds(tiny_pairs: Path, tiny_scenes: Path) -> None:
    opened = open_data([PairData(str(tiny_pairs), val=("pair_5",), exclude=("pair_0",)), PairData(str(tiny_scenes))])
    ((_, source, chosen),) = opened.pairs
    assert [source.ids[k] for k in chosen] == [f"pair_{k}" for k in range(1, 5)]
    assert [source.ids[k] for _, source, out in opened.held_out for k in out] == ["pair_5"]
    assert [one.path for one in opened.scenes] == [str(tiny_scenes)]
    assert opened.epoch is None
    with pytest.raises(ChangenError, match="holds no pairs"):
        open_data([PairData(str(tiny_scenes), kind="pairs")])


def test_splits_are_held_out_and_tests_left_alone(tiny_pairs: Path, tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        shutil.copytree(tiny_pairs, tmp_path / split)
    opened = open_data([PairData(str(tmp_path))])
    assert (opened.epoch, sum(len(out) for _, _, out in opened.held_out)) == (6, 6)
    assert open_data([PairData(str(tmp_path), split="test")]).epoch == 6
    whole = open_data([PairData(str(tmp_path), split="val")], wholly_held_out=True)
    assert (whole.pairs, len(whole.held_out)) == ((), 1)


def test_epochs_are_counted_in_pairs(detection_recipe: dict[str, Any], tiny_scenes: Path) -> None:
    recipe = detection_recipe | {"iterations": 0, "epochs": 4, "batch_size": 8}
    assert count_iterations(parse(DetectionConfig, recipe, "a")) == 3  # of 5 pairs, rounded up
    assert count_iterations(parse(DetectionConfig, recipe | {"fraction": 0.3}, "a")) == 3
    fly = recipe | {"data": str(tiny_scenes), "pairs_per_epoch": 100}
    assert count_iterations(parse(DetectionConfig, fly, "a")) == 50
    with pytest.raises(TrainingError, match="no pairs to train on in: nothing; name a folder with --data"):
        count_iterations(parse(DetectionConfig, recipe | {"data": []}, "a"))


def test_what_is_trained_on_shown_and_held_out(detection_recipe: dict[str, Any], tiny_pairs: Path) -> None:
    found = sources(detection_recipe)
    assert isinstance(found.train, PairBatches)
    assert (found.train.stream, found.shown.stream, found.held_out is not None) == ("train", "val", True)
    assert found.shown.enough == 1
    none = sources(detection_recipe, data=str(tiny_pairs))
    assert none.held_out is None
    assert none.shown.enough == 6
    more = sources(detection_recipe, data=str(tiny_pairs), val_data=str(tiny_pairs))
    assert more.held_out is not None
    assert more.held_out.enough == 6


def test_workers_resuming_and_sharing_change_nothing(fly_recipe: dict[str, Any]) -> None:
    source = sources(fly_recipe).train
    plain = list(batches(source, 0, 3, batch_size=2))
    for others in (
        batches(source, 0, 3, batch_size=2, workers=1),
        batches(pickle.loads(pickle.dumps(source)), 0, 3, batch_size=2),
    ):
        assert all(torch.equal(a.images, b.images) for a, b in zip(plain, others, strict=True))
    (later,) = batches(source, 2, 3, batch_size=2)
    assert torch.equal(later.images, plain[2].images)
    (share,) = batches(source, 2, 3, batch_size=2, mine=range(1, 2))
    assert source.remarks() == []
    finished = source.prepare(plain[2]).pixels
    alone = source.prepare(share).pixels
    assert finished is not None
    assert alone is not None
    assert torch.equal(alone[0], finished[1])
    seen = {batch.images[k].numpy().tobytes() for batch in plain for k in range(2)}
    assert source.remarks()[0].startswith("3 pairs synthesised on the fly by copy-paste")
    assert len(seen) == 6  # never the same pair twice


def test_stored_and_simulated_pairs_are_mixed_by_their_shares(
    fly_recipe: dict[str, Any], tiny_pairs: Path, tiny_scenes: Path
) -> None:
    data = [{"path": str(tiny_pairs), "share": 1}, {"path": str(tiny_scenes), "share": 3}]
    train = sources(fly_recipe, data=data).train
    assert isinstance(train, PairBatches)
    assert [type(part) for part in train.parts] == [StoredPairs, SimulatedPairs]
    assert train.weights == (0.25, 0.75)
    simulated = [train[k].job is not None for k in range(60)]
    assert 30 < sum(simulated) < 57
    batch = train.prepare(train.batch(0, 8, range(8)))
    assert batch.known.tolist() == simulated[:8]
    with pytest.raises(UsageError, match="stored pairs and scenes are mixed by their shares"):
        sources(fly_recipe, data=[str(tiny_pairs), str(tiny_scenes)])


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_a_series_is_streamed_with_what_its_format_keeps(
    format: str, detection_recipe: dict[str, Any], tiny_scenes: Path, tmp_path: Path
) -> None:
    """The LEVIR layout keeps no layouts. Crops larger than the tiles are padded."""
    options = GenerateOptions(
        inputs=(str(tiny_scenes),),
        output=str(tmp_path / "series"),
        format=format,
        tile_size=64,
        synthesizer="copy",
        device="cpu",
        workers=0,
    )
    assert generate(options).exit_code == 0
    found = sources(detection_recipe, data=str(tmp_path / "series"), crops={"size": 128})
    batch = found.train.prepare(found.train.batch(0, 4, range(4)))
    assert batch.known.tolist() == [format != "levir"] * 4
    assert batch.valid.sum() <= 4 * 64 * 64
    assert batch.change.any()
    if format != "levir":
        assert torch.equal(batch.change > 0, batch.layouts[:, 0] != batch.layouts[:, 1])
