"""An ``imagefolder`` of Hugging Face ``datasets``: pictures, ``metadata.jsonl`` and a card, a folder a split.

``{train,val,test}/{before,after,label}/<pair>.png``, with ``mask_before`` and ``mask_after`` where the output keeps
masks of every date. Names of pictures are in the columns ``*_file_name``, which the reader opens as ``before``,
``after`` and so on, so a row is a pair. Splits without a pair have no folder: the reader refuses an empty one.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.facts import card, pair_facts
from changen_cli.export.options import ExportOptions
from changen_cli.export.picture import Picture
from changen_cli.export.source import Pair, Source
from changen_cli.export.target import Target
from changen_cli.types import Split

COLUMNS = {
    "before": "I_t, RGB",
    "after": "I_t+1, RGB",
    "label": "255 where it changed, else 0",
    "mask_before": "class of each pixel at t, 0 background",
    "mask_after": "class of each pixel at t+1",
    "id, series, scene": "where the pair comes from",
    "time_before, time_after": "the two dates of the series",
    "events": "name of the event of each change between them",
    "crs, transform": "WKT and pixel-to-CRS transform (a to f), empty where there is none",
}


class ImageFolder(DatasetLayout):
    """Writes pairs as ``datasets.load_dataset`` reads a folder of images."""

    name: ClassVar[str] = "imagefolder"
    summary: ClassVar[str] = "Hugging Face datasets: pictures, metadata.jsonl and a dataset card"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes pictures, metadata and the card."""
        rows: dict[str, list[dict[str, Any]]] = {split: [] for split in Split}
        for pair in source.pairs():
            pictures = {"before": pair.before, "after": pair.after, "label": pair.label}
            if pair.dates is not None:
                before, after = pair.dates.mask
                pictures |= {"mask_before": Picture(before[None]), "mask_after": Picture(after[None])}
            row: dict[str, Any] = {}
            for name, picture in pictures.items():
                row[f"{name}_file_name"] = f"{name}/{pair.id}.png"
                target.put(f"{pair.split}/{name}/{pair.id}.png", picture)
            rows[pair.split].append(row | _texts(pair))
        for split, listed in rows.items():
            if listed:
                target.write(f"{split}/metadata.jsonl", "".join(f"{json.dumps(row)}\n" for row in listed))
        counts = {split: len(listed) for split, listed in rows.items()}
        files = [{"split": _their(split), "path": f"{split}/**"} for split, count in counts.items() if count]
        columns = {name: what for name, what in COLUMNS.items() if source.data.items == "series" or "mask" not in name}
        title = f"{source.root.resolve().name}: simulated change"
        use = 'from datasets import load_dataset\n\ndata = load_dataset("THIS FOLDER")\npair = data["train"][0]'
        target.write(
            "README.md", card(source, title, [{"config_name": "default", "data_files": files}], counts, columns, use)
        )
        return Written("pairs", counts)


def _texts(pair: Pair) -> dict[str, Any]:
    """Returns what is told of a pair, lists and nulls as text: a reader takes their types from the first rows."""
    facts = pair_facts(pair)
    transform = facts["transform"] or []
    return {
        **facts,
        "events": ",".join(facts["events"]),
        "crs": facts["crs"] or "",
        "transform": " ".join(map(repr, transform)),
    }


def _their(split: str) -> str:
    """Returns the name that Hugging Face has for a split."""
    return "validation" if split == Split.VAL else str(split)
