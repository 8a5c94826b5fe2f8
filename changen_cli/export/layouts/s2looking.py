"""S2Looking: ``{train,val,test}/{Image1,Image2,label,label1,label2}/<pair>.png``.

``label`` is 0 and 255. ``label1`` is what was built, blue (0, 0, 255), ``label2`` what was demolished, red (255, 0, 0),
both of three bands and black elsewhere; they are there where the output keeps masks of every date. What changed from
one object to another is in both.

Read by open-cd's ``S2Looking_Dataset`` with ``opencd.py``, and by torchrs ``S2Looking``, which wants the two of them.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from changen_cli.export import opencd
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.picture import Picture
from changen_cli.export.source import Pair, Source
from changen_cli.export.target import Target
from changen_cli.export.trees import counts, make_folders, write_tree
from changen_cli.types import BoolArray, UInt8Array

BUILT, DEMOLISHED = 2, 0
"""The band of the colour of ``label1`` and of ``label2``: blue and red."""


class S2Looking(DatasetLayout):
    """Writes pairs as S2Looking has them."""

    name: ClassVar[str] = "s2looking"
    summary: ClassVar[str] = "S2Looking: Image1, Image2, label, and what was built and demolished; open-cd, torchrs"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes the folders of the splits, and a configuration of open-cd."""
        has_masks = source.data.items == "series"
        if has_masks:
            make_folders(target, ("{split}/label1", "{split}/label2"))

        def name_of(pair: Pair) -> str:
            if pair.dates is not None:
                before, after = pair.dates.mask
                changed = before != after
                target.put(f"{pair.split}/label1/{pair.id}.png", Picture(coloured(changed & (after != 0), BUILT)))
                target.put(f"{pair.split}/label2/{pair.id}.png", Picture(coloured(changed & (before != 0), DEMOLISHED)))
            return pair.id

        names = write_tree(source, target, ("{split}/Image1", "{split}/Image2", "{split}/label"), name_of)
        prefixes = {
            "img_path_from": "{split}/Image1",
            "img_path_to": "{split}/Image2",
            "seg_map_path": "{split}/label",
        }
        target.write(opencd.NAME, opencd.config("S2Looking_Dataset", prefixes))
        return Written("pairs", counts(names))


def coloured(where: BoolArray, band: int) -> UInt8Array:
    """Draws one colour on black.

    Args:
        where: bool [H, W].
        band: 0 red, 1 green, 2 blue.

    Returns:
        uint8 [3, H, W].
    """
    drawn = np.zeros((3, *where.shape), np.uint8)
    drawn[band, where] = 255
    return drawn
