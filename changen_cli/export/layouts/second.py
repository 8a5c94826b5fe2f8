"""SECOND, semantic change: ``{train,val,test}/{im1,im2,label,label1,label2,label1_rgb,label2_rgb}/<pair>.png``.

``label`` is 0 and 1. ``label1`` and ``label2`` are what was there before and after where something changed, as the
numbers that open-cd's ``SECOND_Dataset`` has: 0 unchanged, 1 water, 2 ground, 3 low vegetation, 4 tree, 5 building,
6 sports field. ``label1_rgb`` and ``label2_rgb`` are the same in the colours of the published set, white for unchanged.

A class of the masks is told by its name (``--class-name 2=water``, of this command or of generate); where there is no
object there is ground, as an output of changen knows no other cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from changen_cli.errors import UsageError
from changen_cli.export import opencd
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.picture import Picture
from changen_cli.export.source import Source
from changen_cli.export.target import Target
from changen_cli.export.trees import counts, make_folders, no_names
from changen_cli.types import UInt8Array

CLASSES = ("unchanged", "water", "ground", "low vegetation", "tree", "building", "sports field")
"""Names by number."""

COLOURS = (
    (255, 255, 255),
    (0, 0, 255),
    (128, 128, 128),
    (0, 128, 0),
    (0, 255, 0),
    (128, 0, 0),
    (255, 0, 0),
)
"""Colours of the published labels by number."""

GROUND = CLASSES.index("ground")
FOLDERS = ("im1", "im2", "label", "label1", "label2", "label1_rgb", "label2_rgb")


class Second(DatasetLayout):
    """Writes pairs as SECOND has them."""

    name: ClassVar[str] = "second"
    summary: ClassVar[str] = "SECOND: what was there before and after a change; open-cd"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes the folders of the splits, and a configuration of open-cd."""
        table = class_table(source.class_names)
        palette = np.array(COLOURS, np.uint8)
        names = no_names()
        make_folders(target, tuple(f"{{split}}/{folder}" for folder in FOLDERS))
        for pair, dates in source.pairs_with_dates():
            changed = pair.label.pixels[0] != 0
            present = np.unique(dates.mask[:, changed])
            if unknown := [int(number) for number in present if table[number] == 0]:
                raise UsageError(
                    f"{source.root}: class {unknown[0]} of {pair.id} is none that SECOND has; name it with "
                    f"--class-name {unknown[0]}=NAME, one of {', '.join(CLASSES[1:])}"
                )
            before, after = (np.where(changed, table[mask], 0).astype(np.uint8) for mask in dates.mask)
            pictures = (
                pair.before,
                pair.after,
                Picture(changed[None].astype(np.uint8)),
                Picture(before[None]),
                Picture(after[None]),
                Picture(palette[before].transpose(2, 0, 1)),
                Picture(palette[after].transpose(2, 0, 1)),
            )
            for folder, picture in zip(FOLDERS, pictures, strict=True):
                target.put(f"{pair.split}/{folder}/{pair.id}.png", picture)
            names[pair.split].append(pair.id)
        prefixes = {
            "img_path_from": "{split}/im1",
            "img_path_to": "{split}/im2",
            "seg_map_path": "{split}/label",
            "seg_map_path_from": "{split}/label1",
            "seg_map_path_to": "{split}/label2",
        }
        target.write(opencd.NAME, opencd.config("SECOND_Dataset", prefixes, semantic=True))
        return Written("pairs", counts(names))


def class_table(names: Mapping[int, str]) -> UInt8Array:
    """Returns the number in SECOND of each class of a mask, uint8 [256]; 0 where SECOND has no class of its name."""
    table = np.zeros(256, np.uint8)
    table[0] = GROUND
    for number, name in names.items():
        if name in CLASSES[1:]:
            table[number] = CLASSES.index(name)
    return table
