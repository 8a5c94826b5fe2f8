"""LEVIR-CD+: ``LEVIR-CD+/{train,val,test}/{A,B,label}/<pair>.png``.

Read by torchgeo ``LEVIRCDPlus`` (with the folder that is written as ``root``), by torchange, and by open-cd with
``LEVIR-CD+/opencd.py``. The published set has no val; here it is there, and may be empty.
"""

from __future__ import annotations

from typing import ClassVar

from changen_cli.export import opencd
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.export.target import Target
from changen_cli.export.trees import counts, write_lists, write_tree

TREE = "LEVIR-CD+"
FOLDERS = ("A", "B", "label")


class LevirCdPlus(DatasetLayout):
    """Writes pairs as LEVIR-CD+ has them."""

    name: ClassVar[str] = "levir-cd-plus"
    summary: ClassVar[str] = "LEVIR-CD+: a folder a split; torchgeo LEVIRCDPlus, torchange, open-cd"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes the folders of the splits, lists, and a configuration of open-cd."""
        first, second, label = (f"{TREE}/{{split}}/{folder}" for folder in FOLDERS)
        names = write_tree(source, target, (first, second, label), lambda pair: pair.id)
        write_lists(target, f"{TREE}/list", names, ending="")
        keys = ("img_path_from", "img_path_to", "seg_map_path")
        prefixes = {key: f"{{split}}/{folder}" for key, folder in zip(keys, FOLDERS, strict=True)}
        target.write(f"{TREE}/{opencd.NAME}", opencd.config("LEVIR_CD_Dataset", prefixes))
        return Written("pairs", counts(names))
