"""Croissant 1.0, metadata of data sets for machine learning: https://docs.mlcommons.org/croissant/docs/croissant-spec.html."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from changen_cli.export.source import Source
from changen_cli.version import __version__

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The JSON-LD context that the specification asks for."""

CITATION = (
    "Zheng, Z., Tian, S., Ma, A., Zhang, L., Zhong, Y.: Scalable Multi-Temporal Remote Sensing Change Data Generation "
    "via Simulating Stochastic Change Process. ICCV 2023"
)

_COLUMNS = {
    "id": ("sc:Text", "Id of the pair"),
    "series": ("sc:Text", "Id of the simulated series"),
    "scene": ("sc:Text", "Id of the scene"),
    "time_before": ("sc:Integer", "Date of the first image, counted from the real one, 0"),
    "time_after": ("sc:Integer", "Date of the second image"),
}


def describe(title: str, source: Source, files: Sequence[Path], pictures: Sequence[str]) -> str:
    """Describes Parquet files of pairs.

    Args:
        title: Name of the data set.
        source: What it was made of.
        files: The files, in ``data/`` of the folder that the description goes to.
        pictures: Names of the columns that are pictures.

    Returns:
        JSON-LD.
    """
    licences = source.manifest.get("licences", {})
    distribution = [
        {
            "@type": "cr:FileObject",
            "@id": f"data/{path.name}",
            "name": f"data/{path.name}",
            "contentUrl": f"data/{path.name}",
            "encodingFormat": "application/x-parquet",
            "sha256": _sha256(path),
        }
        for path in files
    ]
    records = [_records(path, pictures) for path in files]
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": "".join(letter if letter.isalnum() else "-" for letter in title),
        "description": f"{title}: pairs of overhead images with change labels, simulated by changen {__version__}. The "
        "image of date 0 is real, all later ones are synthesised.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": str(licences.get("imagery", "not recorded")),
        "citeAs": CITATION,
        "version": "1.0.0",
        "distribution": distribution,
        "recordSet": records,
    }
    return json.dumps(content, indent=2) + "\n"


def _records(path: Path, pictures: Sequence[str]) -> dict[str, Any]:
    """Describes the rows of one file."""
    name = path.name.removesuffix(".parquet")
    file = {"@id": f"data/{path.name}"}
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": f"{name}/{column}",
            "description": what,
            "dataType": kind,
            "source": {"fileObject": file, "extract": {"column": column}},
        }
        for column, (kind, what) in _COLUMNS.items()
    ]
    fields += [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": f"{name}/{column}",
            "description": f"Picture: {column}",
            "dataType": "sc:ImageObject",
            "source": {
                "fileObject": file,
                "extract": {"column": column},
                "transform": {"jsonPath": "bytes"},
            },
        }
        for column in pictures
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": f"Pairs of {path.name}", "field": fields}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
