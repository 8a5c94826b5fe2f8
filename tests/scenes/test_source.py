from __future__ import annotations

import pickle

import pytest

from changen_cli.scenes.source import LabelSource, SceneSource, as_url, is_remote
from changen_cli.types import Split


@pytest.mark.parametrize("path", ["/vsizip/a.zip/b.tif", "https://example.org/a.tif?token=1", "s3://bucket/a.tif"])
def test_remote(path: str) -> None:
    assert is_remote(path)


@pytest.mark.parametrize("path", ["a.tif", "/data/a.tif", "C:/a.tif", "vsi/a.tif", "a:b.tif"])
def test_local(path: str) -> None:
    assert not is_remote(path)


def test_sources_travel_between_processes() -> None:
    source = SceneSource("a", "a.tif", LabelSource("vector", "a.gpkg|layername=houses", shared=True), Split.VAL)
    assert pickle.loads(pickle.dumps(source)) == source
    assert len({source, SceneSource("a", "a.tif")}) == 2


def test_labels_inside_an_output_are_called_what_they_are_there() -> None:
    assert LabelSource("vector", "a.gpkg").name == "a.gpkg"
    assert LabelSource("read", "/out/.changen/a.parquet", recorded=".changen/a.parquet").name == ".changen/a.parquet"


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("https://example.org/a.tif", "https://example.org/a.tif"),
        ("/vsicurl/https://example.org/a.tif", "https://example.org/a.tif"),
        ("/vsis3/bucket/a.tif", "s3://bucket/a.tif"),
        ("/vsigs/bucket/a.tif", "gs://bucket/a.tif"),
        ("https://example.org/a.tif?token=1", None),
        ("/vsizip/a.zip/b.tif", None),
        ("a.tif", None),
    ],
)
def test_what_can_be_asked_for(path: str, url: str | None) -> None:
    assert as_url(path) == url
