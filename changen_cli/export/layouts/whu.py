"""WHU-CD cut to tiles, as most code has it: ``{A,B,label}/<pair>.png``, and lists with extension.

Read by open-cd's ``WHU_CD_Dataset`` with ``opencd.py``, which takes names from the lists as they are, and by the
readers of ChangeFormer and BIT (``list/train.txt`` beside ``A``, ``B`` and ``label``).
"""

from __future__ import annotations

from typing import ClassVar

from changen_cli.export import opencd
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.export.target import Target
from changen_cli.export.trees import counts, write_lists, write_tree


class Whu(DatasetLayout):
    """Writes pairs as WHU-CD has them where it is cut to tiles."""

    name: ClassVar[str] = "whu"
    summary: ClassVar[str] = "WHU-CD in tiles: A, B, label and lists with extension; open-cd, ChangeFormer, BIT"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes the three folders, the lists, and a configuration of open-cd."""
        names = write_tree(source, target, ("A", "B", "label"), lambda pair: pair.id)
        write_lists(target, "list", names, ending=".png")
        prefixes = {"img_path_from": "A", "img_path_to": "B", "seg_map_path": "label"}
        target.write(opencd.NAME, opencd.config("WHU_CD_Dataset", prefixes, lists="list"))
        return Written("pairs", counts(names))
