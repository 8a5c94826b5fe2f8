"""What a user asks of ``changen generate``: every option, declared once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import fields
from typing import Annotated, Literal

from changen_cli.conditions.choose import NONE
from changen_cli.conditions.options import ConditionOptions
from changen_cli.errors import UsageError
from changen_cli.events.options import ScheduleOptions, Steps
from changen_cli.files import WRITABLE, scheme_of
from changen_cli.options import Ge, Gt, Le, Number, PathText, Whole, option, options
from changen_cli.pipeline.option_kinds import Auto, CreationOptions, Inputs, Shares
from changen_cli.pipeline.windows import mosaic_windows
from changen_cli.pipeline.worker_options import RUN, WorkerOptions
from changen_cli.scenes.blending import Windows
from changen_cli.scenes.options import INPUT, ReadOptions
from changen_cli.store.formats.base import SceneFormat
from changen_cli.store.formats.registry import find_formats, get_format
from changen_cli.synthesis.options import SYNTHESIS, SynthesizerOptions

SHARD_BYTES = 40_000_000
"""About what a shard may hold in memory where its size is not given."""

FORMAT = "zarr"
"""How tiles are stored where nothing is said."""

SCENE_FORMAT = "geotiff"
"""How whole scenes are."""

AREA = "area"
"""Value of :attr:`GenerateOptions.split_by` for splits inside a scene."""

_CUTTING = ("NBITS", "PIXELTYPE")
"""Creation options that change what 8 bits mean."""

EVENTS, OUTPUT = "Events", "Output"
"""Headings in ``--help``."""


def _listed(schemes: Iterable[str]) -> str:
    return ", ".join(f"{scheme}://" for scheme in schemes)


@options("--", kw_only=True)
class GenerateOptions(WorkerOptions, SynthesizerOptions, ReadOptions, ScheduleOptions, ConditionOptions):
    """Arguments of a run. Paths may be given as text or as ``pathlib.Path``; they are kept as text.

    What is not listed here is of the classes that it adds to: :class:`WorkerOptions`, :class:`SynthesizerOptions`,
    :class:`ReadOptions`, :class:`ScheduleOptions`, :class:`ConditionOptions`.

    Attributes:
        inputs: Folders, rasters, lists, URLs or "-"; several, or one.
        output: Output folder, or URL of an object store (extra ``remote``).
        masks: Mask raster or folder, if not beside the images.
        footprints: Vector file of footprints, if not beside the images; or "auto", which reads those of scenes that
            have none from the image, with the shipped segmenter, or "auto:WEIGHTS", with other weights
            (:mod:`changen_cli.pipeline.footprints`).
        format: Name of an installed format.
        steps: Steps per series; there are steps + 1 frames.
        variants: Series per tile: the paper's Changen-{n x 90}k.
        strict: Whether a scene that cannot be used stops the run, in place of being listed and left out.
        tile_size: Side of a tile, pixels.
        overlap: Pixels that neighbouring tiles share.
        edges: "shift" moves the last tile inwards, "pad" lets it overhang.
        min_valid: Least share of valid pixels of a tile that is not skipped.
        unchanged: What becomes of a tile where nothing can change: "keep" makes a series without a change, since a
            detector has to see such pairs too; "skip" records it as skipped.
        mosaic: Whole scenes in place of tiles, as GeoTIFFs (:mod:`changen_cli.pipeline.mosaic`).
        library: Vector file of footprints whose outlines new objects take; else the scene's own.
        looks: Earlier output of the same tiles whose looks objects and the ground of I_0 take.
        batch_size: "auto" or a number.
        shard_samples: Samples per shard, or "auto".
        max_shard_gb: Most that the arrays of a shard may take in memory, GB; a few shards are in memory at a time.
        split: Shares of train, val and test.
        split_by: What is shared out: whole scenes ("scene"), or parts of the area of each scene ("area"), so that one
            scene has all three splits; no tile of one split shares a pixel with one of another.
        creation_options: GDAL creation options, for formats that GDAL writes.
        cog: Whether GeoTIFFs are cloud optimised.
        seed: Of everything.
        overwrite: Start again where the output holds another run, or a finished one; an unfinished one of the same
            arguments is gone on with.
        recipe: Folder for the recipe of the series (:mod:`changen_cli.pipeline.recipe`), written when the run is done.
        profile: File for a trace of where the time goes (:mod:`changen_cli.pipeline.profile`); None traces nothing.
        retry_failed: Whether samples that failed in an earlier run are tried again; skipped ones are not.

    Raises:
        UsageError: If a value cannot be used, or two that do not go together.
    """

    inputs: Inputs = option(
        help="Folder, xBD tree, raster, .txt list, /vsi path, URL, or - for paths on standard input. Repeatable.",
        group=INPUT,
        name="input",
        flags=("-i",),
    )
    masks: PathText | None = option(default=None, help="Mask raster, or folder of masks by equal name.", group=INPUT)
    footprints: PathText | None = option(
        default=None,
        help="Vector file of footprints, any CRS: GeoJSON, GPKG, SHP, FGB, Parquet. Or auto: scenes that have none "
        "beside them get those that the shipped segmenter sees, or with auto:WEIGHTS one of yours. It is said how good "
        "that is.",
        group=INPUT,
    )
    strict: bool = option(
        default=False,
        help="Stop at the first scene that cannot be used; else it is listed and left out.",
        group=INPUT,
        recorded=False,
    )
    tile_size: Annotated[Whole, Ge(16), Le(65_536)] = option(default=256, help="Side of a tile, pixels.", group=INPUT)
    overlap: Annotated[Whole, Ge(0), Le(65_535)] = option(
        default=0, help="Pixels that neighbouring tiles share.", group=INPUT
    )
    edges: Literal["shift", "pad"] = option(
        default="shift", help="Last tiles of a scene: shift (moved inwards) or pad.", group=INPUT
    )
    min_valid: Annotated[Number, Ge(0), Le(1)] = option(
        default=0.5, help="Least share of valid pixels of a tile.", group=INPUT
    )
    unchanged: Literal["keep", "skip"] = option(
        default="keep",
        help="Tiles where nothing can change: keep (a series without a change) or skip.",
        group=EVENTS,
    )
    steps: Steps = option(default=1, help="Steps of a series.", group=EVENTS)
    variants: Annotated[Whole, Ge(1), Le(1_000_000)] = option(
        default=1, help="Series per tile: the paper's Changen-{n x 90}k.", group=EVENTS
    )
    mosaic: bool = option(
        default=False,
        help="Whole rasters in place of tiles: cloud optimised GeoTIFFs of their full size, simulated as a whole and "
        "synthesised in windows of --tile-size that blend over --overlap (a quarter of the tile if not given). "
        "--changes-per-step counts for the whole raster.",
        group=OUTPUT,
        recorded=False,
    )
    library: PathText | None = option(
        default=None, help="Vector file of footprints whose outlines new objects take.", group=EVENTS
    )
    looks: PathText | None = option(
        default=None,
        help="Earlier output of the same tiles: objects, and the ground of I_0, look as they do there (by uid). With "
        "another --seed or --drift the same buildings stand in another season. For weights with looks.",
        group=SYNTHESIS,
        recorded=False,
    )
    batch_size: Auto | Annotated[Whole, Ge(1), Le(65_536)] = option(
        default="auto", help="auto or a number.", group=SYNTHESIS, recorded=False
    )
    output: PathText = option(
        default="changen-out",
        help="Output: a folder, or a URL of an object store: s3://bucket/run.zarr; also gs, az, abfs.",
        group=OUTPUT,
        flags=("-o",),
        recorded=False,
    )
    format: str = option(
        default=FORMAT, help="How series are stored.", group=OUTPUT, flags=("-f",), choices=find_formats
    )
    split: Shares = option(default=(0.8, 0.1, 0.1), help="Shares of train,val,test; see --split-by.", group=OUTPUT)
    split_by: Literal["scene", "area"] = option(
        default="scene",
        help="What --split shares out: each scene as a whole, or the area inside each scene, part by part; no "
        "tile of one split overlaps one of another.",
        group=OUTPUT,
        recorded=False,
    )
    creation_options: CreationOptions = option(
        default_factory=dict,
        help="GDAL's, for GeoTIFF: COMPRESS=ZSTD. Repeatable.",
        group=OUTPUT,
        name="creation-option",
        flags=("--co",),
    )
    cog: bool = option(default=False, help="Cloud optimised GeoTIFFs.", group=OUTPUT)
    shard_samples: Auto | Annotated[Whole, Ge(1), Le(1_000_000)] = option(
        default="auto", help="Series per shard, the unit of commit: auto or a number.", group=OUTPUT, recorded=False
    )
    max_shard_gb: Annotated[Number, Gt(0)] = option(
        default=8.0,
        help="Most GB that a shard may take in memory: tile size, steps and series of a shard make it.",
        group=OUTPUT,
        recorded=False,
    )
    overwrite: bool = option(
        default=False,
        help="Start again if the output holds another run, or a finished one.",
        group=OUTPUT,
        recorded=False,
    )
    recipe: PathText | None = option(
        default=None,
        help="Also write the recipe of the series to this folder: all but pixels, for changen replay.",
        group=OUTPUT,
        recorded=False,
    )
    retry_failed: bool = option(
        default=True,
        help="Try samples again that failed in an earlier run of this output.",
        group=OUTPUT,
        recorded=False,
    )
    seed: Annotated[Whole, Ge(0)] = option(default=0, help="The same seed gives the same output.", group=RUN)
    profile: PathText | None = option(
        default=None,
        help="File for a trace of where the time goes, stage by stage and process by process; open it in "
        "ui.perfetto.dev or chrome://tracing.",
        group=RUN,
        recorded=False,
    )

    def __post_init__(self) -> None:
        SynthesizerOptions.__post_init__(self)
        ReadOptions.__post_init__(self)
        WorkerOptions.__post_init__(self)
        if self.format not in find_formats():
            raise UsageError(f"--format {self.format}: choose {', '.join(find_formats())}")
        if self.mosaic:
            self._settle_mosaic()
        if self.overlap >= self.tile_size:
            raise UsageError(f"--overlap {self.overlap}: must be from 0 to {self.tile_size - 1}, less than the tile")
        if self.gap > self.tile_size:
            raise UsageError(f"--gap {self.gap:g}: must be from 0 pixels to the tile size")
        self._judge_output()
        self._judge_footprints()
        self._judge_shards()
        if self.shard is not None and self.recipe is not None:
            raise UsageError(
                "--recipe and --shard: no worker has the whole series; after changen finalize: changen recipe"
            )
        if self.sharing and self.overwrite:
            raise UsageError(
                f"--overwrite with {self.sharing}: a worker that starts again would delete what the others made; "
                "delete the output yourself first, or choose another --output"
            )
        if cut := next((name for name in _CUTTING if self.creation_options.get(name, "8") != "8"), None):
            raise UsageError(
                f"--creation-option {cut}={self.creation_options[cut]}: images have 8 bits, which this would cut off "
                "or read otherwise; leave it out"
            )
        if self.looks is not None and os.path.realpath(self.looks) == os.path.realpath(self.output):
            raise UsageError(f"--looks and --output {self.output} are one folder; choose another --output")
        taken = get_format(self.format).options
        for name, flag in (("creation_options", "--creation-option"), ("cog", "--cog")):
            if getattr(self, name) and name not in taken:
                others = [other for other in find_formats() if name in get_format(other).options]
                raise UsageError(f"{flag} is for --format {' or '.join(others)}, not {self.format}")

    def _judge_output(self) -> None:
        """Refuses a URL that cannot be written, or not in the format."""
        scheme = scheme_of(self.output)
        if scheme is None:
            if "://" in self.output:
                raise UsageError(f"--output {self.output}: give a folder, or a URL of {_listed(WRITABLE)}")
            return
        if scheme not in WRITABLE:
            raise UsageError(f"--output {self.output}: {scheme}:// is read and not written; give {_listed(WRITABLE)}")
        if not get_format(self.format).remote:
            able = [name for name in find_formats() if get_format(name).remote]
            what = "--mosaic" if self.mosaic else f"--format {self.format}"
            raise UsageError(
                f"--output {self.output} with {what}: only --format {' or '.join(able)} is written to object stores; "
                "choose that, or write to a folder and copy it"
            )

    def _judge_footprints(self) -> None:
        """Refuses what does not go together with footprints that are read from images."""
        if not self.reads_footprints:
            return
        if self.footprints_crs is not None:
            raise UsageError(
                "--footprints-crs with --footprints auto: what is read is where its image is; leave it out"
            )
        if self.sharing:
            raise UsageError(
                f"--footprints {self.footprints} with {self.sharing}: every worker would read them "
                "anew; run it once undivided, or give the workers files of footprints"
            )
        if scheme_of(self.output) is not None:
            raise UsageError(
                f"--footprints {self.footprints} with --output {self.output}: footprints that are read are kept in the "
                "output, which must be a folder; choose one and copy it afterwards"
            )

    def _settle_mosaic(self) -> None:
        """Chooses the format of a mosaic where none is asked for, and refuses what it cannot have."""
        if self.format == FORMAT:
            object.__setattr__(self, "format", SCENE_FORMAT)
        if not issubclass(get_format(self.format), SceneFormat):
            raise UsageError(f"--mosaic writes GeoTIFFs of whole rasters, not --format {self.format}; leave out one")
        object.__setattr__(self, "cog", True)
        self.windows()
        if self.conditions != NONE:
            raise UsageError(
                "--conditions with --mosaic: a condition is drawn for an image and applied to all of it at once; leave "
                "out one of the two"
            )
        if self.split_by == AREA:
            raise UsageError(
                "--split-by area with --mosaic: a mosaic is one series of one split; leave out one of the two"
            )
        if self.looks is not None:
            raise UsageError("--looks with --mosaic: earlier looks are found tile by tile; leave out one of the two")
        if self.repaint:
            raise UsageError(
                f"--repaint {self.repaint:g} with --mosaic: a building of a mosaic has one look at every date; leave "
                "out one of the two"
            )
        if self.profile is not None:
            raise UsageError("--profile with --mosaic: only runs by tiles are traced; leave out one of the two")
        if self.workers not in ("auto", 0):
            raise UsageError(f"--workers {self.workers} with --mosaic: a mosaic is made in one process; leave it out")

    @property
    def reads_footprints(self) -> bool:
        """Whether footprints of scenes that have none are read from their images."""
        return self.footprints is not None and self.footprints.partition(":")[0] == "auto"

    @property
    def footprint_weights(self) -> str | None:
        """Weights that they are read with; None for those that ship with changen."""
        return (self.footprints or "").partition(":")[2] or None

    def windows(self) -> Windows:
        """How a whole scene is cut where it is synthesised.

        Raises:
            UsageError: If it cannot be cut so.
        """
        return mosaic_windows(self.tile_size, self.overlap)

    def for_looks(self) -> dict[str, object]:
        """What only weights with looks can do, by flag; None where it is not given."""
        return {**SynthesizerOptions.for_looks(self), "--looks": self.looks}

    def needs_looks(self) -> bool:
        """Whether something is asked for that only weights with looks can do.

        A mosaic is: without looks, a window is normalised by its own statistics, and windows need not meet in tone.
        """
        return self.mosaic or SynthesizerOptions.needs_looks(self)

    def read_options(self) -> ReadOptions:
        """How scenes are read."""
        return ReadOptions(**{field.name: getattr(self, field.name) for field in fields(ReadOptions)})

    def format_options(self) -> dict[str, object]:
        """What of the options only the chosen format understands, by name."""
        values: dict[str, object] = {"creation_options": dict(self.creation_options), "cog": self.cog}
        return {name: value for name, value in values.items() if name in get_format(self.format).options}

    def samples_per_shard(self) -> int:
        """Samples per shard: as given, or what :data:`SHARD_BYTES` hold."""
        if self.mosaic:
            return 1
        if self.shard_samples != "auto":
            return self.shard_samples
        return max(1, min(64, SHARD_BYTES // self._sample_bytes()))

    def _sample_bytes(self) -> int:
        # image 3 bytes, class mask 1, instances 4, change 1
        return self.tile_size**2 * (self.steps + 1) * 9

    def _judge_shards(self) -> None:
        size = self._sample_bytes() * self.samples_per_shard() / 1e9
        if size > self.max_shard_gb:
            raise UsageError(
                f"--tile-size {self.tile_size}, --steps {self.steps} and --shard-samples {self.samples_per_shard()} "
                f"take {size:.3g} GB of memory, above the {self.max_shard_gb:g} GB of --max-shard-gb; make one of "
                "them smaller, or raise that"
            )
