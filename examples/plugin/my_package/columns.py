# my_package/columns.py
from typing import ClassVar

from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.export.target import Target
from changen_cli.export.trees import counts, write_tree


class Columns(DatasetLayout):
    """Writes the folders before, after and change, and a table of whose file is where."""

    name: ClassVar[str] = "columns"
    summary: ClassVar[str] = "before, after, change, and pairs.csv"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        names = write_tree(source, target, ("before", "after", "change"), lambda pair: pair.id)
        lines = [f"{name}.png,{split}" for split, of_split in names.items() for name in of_split]
        target.write("pairs.csv", "\n".join(["file,split", *lines]) + "\n")
        return Written("pairs", counts(names))
