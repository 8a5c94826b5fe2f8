"""What whoever starts a run should know of its input before it starts: said once, and no error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from changen_cli.pipeline.options import GenerateOptions
from changen_cli.scenes.areas import AreaGrid
from changen_cli.scenes.window import TileGrid, WholeScene
from changen_cli.store.formats.registry import get_format
from changen_cli.types import Split

SHARED = 0.25
"""Share of a tile's side that neighbours may have in common without a word."""


def remarks(
    options: GenerateOptions,
    scenes: Sequence[Mapping[str, Any]],
    grids: Sequence[TileGrid | AreaGrid | WholeScene],
    splits: Sequence[Split],
) -> Iterator[str]:
    """Says what is easily overlooked.

    Args:
        options: The arguments.
        scenes: What the manifest says of each scene.
        grids: Their tiles.
        splits: Their splits, where they are not shared out by area.

    Yields:
        Lines, none of them for input and options that go together.
    """
    yield from _mask_values(options, scenes)
    yield from _resolution(options, scenes)
    yield from _areas(grids)
    yield from _empty_splits(options, _splits_of(grids, splits))
    yield from _overlap(options, grids)


def class_remarks(options: GenerateOptions, scenes: Sequence[Mapping[str, Any]], synthesizer: object) -> Iterator[str]:
    """Says what becomes of objects whose class a network does not know.

    Args:
        options: The arguments.
        scenes: What the manifest says of each scene; of masks and very large vector files not which classes they have.
        synthesizer: What makes the images.
    """
    known: int | None = getattr(synthesizer, "classes", None)
    if known is None:
        return
    names, counts, unread = options.classes().names, Counter[int](), 0
    for scene in scenes:
        footprints = scene["footprints"]
        counts.update({int(number): count for number, count in footprints.get("classes", {}).items()})
        unread += footprints.get("values") == "class" or (
            "class_attribute" in footprints and "classes" not in footprints
        )
    others = {number: count for number, count in sorted(counts.items()) if number >= known}
    found = [f"{count} of class {number} ({names.get(number, 'no name')})" for number, count in others.items()]
    found += ["those that class masks and very large files have"] if unread else []
    if found:
        yield (
            f"footprints of other classes than {', '.join(map(str, range(1, known)))} are in the labels, but ground to "
            f"the weights, which were not trained for them: {', '.join(found)}; they stay where they are, and their "
            "pixels are painted like ground (--background keep leaves them as they were)"
        )


def _mask_values(options: GenerateOptions, scenes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Says what masks were taken for where it could be otherwise."""
    kinds = Counter(scene["footprints"].get("values", "binary") for scene in scenes)
    words = {"instance": "ids of objects", "class": "classes, each part of one an object"}
    for kind, meaning in words.items():
        if kinds[kind] and options.mask_values == "auto":
            yield (
                f"mask values of {kinds[kind]} scene{'s' * (kinds[kind] > 1)} are taken for {meaning}; if they are "
                "not, say what they are: --mask-values binary, instance or class"
            )


def _resolution(options: GenerateOptions, scenes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Says at what else than their own resolution scenes are read, and of which ones the weights know nothing."""
    if options.suited is None:
        return
    finest, coarsest = options.suited
    known = [scene for scene in scenes if scene["ground_resolution"] is not None]
    changed = [scene for scene in known if "own_resolution" in scene]
    if changed:
        yield (
            f"{len(changed)} of {len(scenes)} scenes are read at {_metres(changed, 'ground_resolution')} m a pixel and "
            f"not at their own {_metres(changed, 'own_resolution')} m: the weights are for {finest:g} to "
            f"{coarsest:g} m; --resolution native reads their own pixels"
        )
    others = [scene for scene in known if not finest * 0.9 <= scene["ground_resolution"] <= coarsest * 1.25]
    if others:
        yield (
            f"{len(others)} of {len(scenes)} scenes are read at {_metres(others, 'ground_resolution')} m a pixel, and "
            f"the weights are for {finest:g} to {coarsest:g} m: houses will have the wrong size; read them at "
            "--resolution 0.4, if so much detail is there"
        )


def _metres(scenes: Sequence[Mapping[str, Any]], name: str) -> str:
    low, high = (f"{end(scene[name] for scene in scenes):.2g}" for end in (min, max))
    return low if low == high else f"{low} to {high}"


def _areas(grids: Sequence[TileGrid | AreaGrid | WholeScene]) -> Iterator[str]:
    """Says how scenes are shared out by area."""
    cut = [grid for grid in grids if isinstance(grid, AreaGrid)]
    if cut:
        tiles = sum((grid.counts() for grid in cut), Counter[Split]())
        counts = ", ".join(f"{tiles[split]} {split}" for split in Split)
        yield (
            f"the area of {len(cut)} scene{'s' * (len(cut) > 1)} is shared out in {sum(len(g.areas) for g in cut)} "
            f"areas: {counts}; no tile of one split overlaps one of another"
        )


def _splits_of(grids: Sequence[TileGrid | AreaGrid | WholeScene], splits: Sequence[Split]) -> Sequence[Split]:
    """Lists the splits that scenes have, or those of their areas."""
    if not any(isinstance(grid, AreaGrid) for grid in grids):
        return splits
    return [
        split
        for grid, own in zip(grids, splits, strict=True)
        for split in (grid.splits if isinstance(grid, AreaGrid) else (own,))
    ]


def _empty_splits(options: GenerateOptions, splits: Sequence[Split]) -> Iterator[str]:
    """Says so if a split that was asked for has no scene, in a format that has a folder for each split."""
    if get_format(options.format).items != "pairs":
        return
    wanted = [split for split, share in zip(Split, options.split, strict=True) if share > 0]
    empty = [str(split) for split in wanted if split not in splits]
    if empty:
        yield (
            f"no scene for the split{'s' * (len(empty) > 1)} {' and '.join(empty)}: whole scenes are shared out, and "
            f"there {'is 1' if len(splits) == 1 else f'are {len(splits)}'}; --split-by area shares out the area "
            "inside each, --split 1,0,0 puts all in train"
        )


def _overlap(options: GenerateOptions, grids: Sequence[TileGrid | AreaGrid | WholeScene]) -> Iterator[str]:
    """Says so if tiles share more than --overlap, since the last ones of a scene are moved inwards."""
    if options.edges != "shift":
        return
    most = 0
    for grid in (one.tiles if isinstance(one, AreaGrid) else one for one in grids):
        if isinstance(grid, TileGrid):
            for length, count in ((grid.height, grid.rows), (grid.width, grid.columns)):
                if count > 1:
                    before_last = (count - 2) * (grid.size - grid.overlap)
                    most = max(most, grid.size - (length - grid.size - before_last))
    if most > max(options.overlap, SHARED * options.tile_size):
        yield (
            f"the last tiles of a row or column share up to {most} of {options.tile_size} pixels with the ones before "
            "them, since they are moved inwards: they are no independent samples; --edges pad lets them overhang, or "
            "choose a --tile-size that fits"
        )
