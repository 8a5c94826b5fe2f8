"""LEVIR-CD: ``{A,B,label}/{train,val,test}_<pair>.png``, and lists without extension.

Read by torchgeo ``LEVIRCD``, which finds a split by how names begin, and by open-cd's ``LEVIR_CD_Dataset`` with
``opencd.py``, which finds it in the lists and puts ``.png`` behind each name itself.
"""

from __future__ import annotations

from typing import ClassVar

from changen_cli.export import opencd
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.export.target import Target
from changen_cli.export.trees import counts, write_lists, write_tree


class LevirCd(DatasetLayout):
    """Writes pairs as LEVIR-CD has them."""

    name: ClassVar[str] = "levir-cd"
    summary: ClassVar[str] = "LEVIR-CD: A, B, label and lists; torchgeo LEVIRCD, open-cd"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes the three folders, the lists, and a configuration of open-cd."""
        names = write_tree(source, target, ("A", "B", "label"), lambda pair: f"{pair.split}_{pair.id}")
        write_lists(target, "list", names, ending="")
        prefixes = {"img_path_from": "A", "img_path_to": "B", "seg_map_path": "label"}
        target.write(opencd.NAME, opencd.config("LEVIR_CD_Dataset", prefixes, lists="list"))
        return Written("pairs", counts(names))
