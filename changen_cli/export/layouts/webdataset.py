"""WebDataset: ``{train,val,test}-<number>.tar``, each a sequence of pairs.

A pair is ``<key>.before.png``, ``<key>.after.png``, ``<key>.label.png`` (0 and 255), ``<key>.mask_before.png`` and
``<key>.mask_after.png`` where the output keeps masks of every date, and ``<key>.json``. The key is the id of the pair
with ``%2E`` for each dot, since a reader takes a key to end at its first dot. Files repeat to the byte: no time, no
owner.
"""

from __future__ import annotations

import io
import json
import tarfile
from contextlib import ExitStack
from typing import ClassVar

from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.facts import pair_facts
from changen_cli.export.options import ExportOptions
from changen_cli.export.picture import Picture
from changen_cli.export.source import Pair, Source
from changen_cli.export.target import Target
from changen_cli.files import disk_errors
from changen_cli.types import Split


class WebDataset(DatasetLayout):
    """Writes pairs as tar files that are read one after another."""

    name: ClassVar[str] = "webdataset"
    summary: ClassVar[str] = "WebDataset: tar files of pairs; webdataset, Hugging Face datasets"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes the tar files, a new one after every ``shard_items`` pairs."""
        counts = {str(split): 0 for split in Split}
        opened: dict[str, tarfile.TarFile] = {}
        with disk_errors(target.root), ExitStack() as stack:
            for pair in source.pairs():
                number, place = divmod(counts[pair.split], options.shard_items)
                if place == 0:
                    if pair.split in opened:
                        opened[pair.split].close()
                    path = target.root / f"{pair.split}-{number:06d}.tar"
                    opened[pair.split] = stack.enter_context(tarfile.open(path, "w"))
                for name, data in _files(pair):
                    entry = tarfile.TarInfo(name)
                    entry.size = len(data)
                    opened[pair.split].addfile(entry, io.BytesIO(data))
                counts[pair.split] += 1
        return Written("pairs", counts)


def _files(pair: Pair) -> list[tuple[str, bytes]]:
    """Returns the files of a pair."""
    key = pair.id.replace(".", "%2E")
    pictures = {"before": pair.before, "after": pair.after, "label": pair.label}
    if pair.dates is not None:
        before, after = pair.dates.mask
        pictures |= {"mask_before": Picture(before[None]), "mask_after": Picture(after[None])}
    files = [(f"{key}.{name}.png", picture.png()) for name, picture in pictures.items()]
    return [*files, (f"{key}.json", json.dumps(pair_facts(pair)).encode())]
