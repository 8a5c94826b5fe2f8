from __future__ import annotations

import pytest

from changen_cli.errors import UsageError
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.config.run import argument_names, default_model, models_of, parse, record_of


def test_each_verb_has_its_models() -> None:
    assert set(models_of(TrainConfig)) == {"changen", "deepfill", "oasis", "segmenter", "spade"}
    assert set(models_of(DetectionConfig)) == {
        "bit",
        "cdnet",
        "changeformer",
        "changelite",
        "changestar",
        "fcsiam",
        "stanet",
    }
    assert (default_model(TrainConfig), default_model(DetectionConfig)) == ("changen", "changestar")
    assert record_of(DetectionConfig, "changelite").name == "changelite"
    with pytest.raises(UsageError, match="'changelite' is not trained by changen train; choose changen, deepfill"):
        parse(TrainConfig, {"model": "changelite"}, "a")
    with pytest.raises(UsageError, match="'oasis' is not trained by changen pretrain and finetune; choose bit"):
        parse(DetectionConfig, {"model": "oasis"}, "a")
    with pytest.raises(UsageError, match="no model 'unet'; choose bit, cdnet, changeformer, changelite, changestar"):
        parse(DetectionConfig, {"model": "unet"}, "a")


def test_plain_values_give_the_same_arguments_again() -> None:
    for config in (
        TrainConfig(model="oasis", seed=3),
        DetectionConfig(model="changelite", layouts=0.5, conditions="light", crops={"events": "create"}),  # type: ignore[arg-type]
    ):
        assert parse(type(config), config.to_dict(), "again") == config
        assert config.architecture == getattr(config, config.architecture_field)
    assert argument_names("changelite") == set()
