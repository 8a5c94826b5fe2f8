"""Series made by hand, and whole runs of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from shapely import affinity
from shapely.geometry import box

from changen_cli.events.base import Change, History, Shortfall
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.rng import generator
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import Journal, commit_shard, finish_run

UTM = CRS.from_epsg(32736).to_wkt()


def _series(
    number: int,
    *,
    scene: str = "kampala",
    split: str = "train",
    size: tuple[int, int] = (24, 40),
    steps: int = 2,
    crs: str | None = UTM,
    flat: bool = False,
    looks: bool = False,
    conditions: bool = False,
) -> Series:
    """A series of ``steps`` steps: an object moves, another is created, another goes; the last column is not valid.

    ``looks`` gives it a look of three numbers for each object, and for the ground at each date; ``conditions`` two
    conditions at each date.
    """
    height, width = size
    stay = Footprint(1, box(1, 1, 5, 5))
    moves = Footprint(2, box(8, 1, 12, 6), category=2)
    goes = Footprint(3, box(14, 2, 18, 8))
    layouts = [Layout(height, width, () if flat else (stay, moves, goes))]
    changes: list[tuple[Change, ...]] = []
    for step in range(1, steps + 1):
        layout = layouts[-1]
        made: tuple[Change, ...] = ()
        if not flat and step == 1:
            moved = Footprint(2, affinity.rotate(affinity.translate(moves.polygon, 2, 9), 20), category=2)
            new = Footprint(layout.next_uid, box(22, 12, 27, 18))
            made = (Change("relocate", step, moves, moved), Change("create", step, None, new))
            layout = layout.without({2}).add([moved, new])
        elif not flat and step == 2:
            made = (Change("remove", step, goes, None),)
            layout = layout.without({3})
        layouts.append(layout)
        changes.append(made)
    drawn = [layout.rasterize() for layout in layouts]
    valid = np.ones(size, bool)
    valid[:, -1] = False
    images = generator(7, number).integers(1, 255, (steps + 1, 3, *size)).astype(np.uint8) * valid.astype(np.uint8)
    if flat:
        images[:] = 0
    uids = sorted({footprint.uid for layout in layouts for footprint in layout.footprints})
    draw = generator(8, number)
    codes = SeriesLooks(
        np.array(uids, np.int32),
        draw.standard_normal((len(uids), 3), np.float32),
        draw.standard_normal((steps + 1, 3), np.float32),
    )
    short = (Shortfall(1, "create", 3, 1, "no room for a footprint of 84 px"),)
    return Series(
        id=f"{scene}__r{number}_c0",
        scene=scene,
        tile=f"r{number}_c0",
        variant=0,
        split=split,
        images=images,
        masks=np.stack([mask for mask, _ in drawn]),
        instances=np.stack([instances for _, instances in drawn]),
        valid=valid,
        history=History(tuple(layouts), tuple(changes), () if flat else short),
        transform=None if crs is None else Affine(0.5, 0, 450000.0 + 20 * number, 0, -0.5, 9990000.0),
        crs=crs,
        source="/data/kampala.tif",
        looks=codes if looks else None,
        conditions=tuple(
            {
                "registration": {"shift": (0.5 * number, -1.0 * date)},
                "haze": {"share": (0.1 * date,), "air": (0.8,)},
            }
            for date in range(steps + 1)
        )
        if conditions
        else (),
    )


@pytest.fixture(scope="session")
def make_series() -> Callable[..., Series]:
    return _series


@pytest.fixture(scope="session")
def outcomes(make_series: Callable[..., Series]) -> list[Outcome]:
    """Five samples: three done (one in another split, one without a change), one skipped, one failed."""
    first, second = make_series(0), make_series(1, scene="jinja", split="test")
    last = make_series(4, flat=True)
    return [
        Outcome(first.id, Status.DONE, series=first),
        Outcome(second.id, Status.DONE, series=second),
        Outcome("kampala__r2_c0", Status.SKIPPED, "no valid pixel"),
        Outcome("kampala__r3_c0", Status.FAILED, "kampala.tif: tile r3_c0 cannot be read"),
        Outcome(last.id, Status.DONE, series=last),
    ]


@pytest.fixture(scope="session")
def with_looks(make_series: Callable[..., Series], outcomes: list[Outcome]) -> list[Outcome]:
    """The same five, as a synthesizer with looks would have made them."""
    first = make_series(0, looks=True)
    second, last = make_series(1, scene="jinja", split="test", looks=True), make_series(4, flat=True, looks=True)
    return [
        Outcome(first.id, Status.DONE, series=first),
        Outcome(second.id, Status.DONE, series=second),
        *outcomes[2:4],
        Outcome(last.id, Status.DONE, series=last),
    ]


@pytest.fixture(scope="session")
def with_conditions(make_series: Callable[..., Series], outcomes: list[Outcome]) -> list[Outcome]:
    """The same five, in a run with conditions."""
    first = make_series(0, conditions=True)
    second = make_series(1, scene="jinja", split="test", conditions=True)
    last = make_series(4, flat=True, conditions=True)
    return [
        Outcome(first.id, Status.DONE, series=first),
        Outcome(second.id, Status.DONE, series=second),
        *outcomes[2:4],
        Outcome(last.id, Status.DONE, series=last),
    ]


@pytest.fixture(scope="session")
def spec() -> StoreSpec:
    return StoreSpec(samples=5, steps=2, height=24, width=40, shard_samples=2)


@pytest.fixture(scope="session")
def run_store() -> Callable[..., None]:
    """Does a whole run: opens, commits the shards that are not done, finishes."""

    def run(format: str, root: Path, spec: StoreSpec, outcomes: list[Outcome], *, overwrite: bool = False) -> None:
        writer = make_format(format, root, spec)
        with Journal(root) as journal:
            journal.open({"format": format, "seed": 1, "events": ["create", "remove"]}, overwrite=overwrite)
            writer.create()
            for index in range(spec.shards):
                if index not in journal.done():
                    part = outcomes[index * spec.shard_samples : (index + 1) * spec.shard_samples]
                    commit_shard(writer, index, part)
            finish_run(writer, journal, {"seed": 1})

    return run
