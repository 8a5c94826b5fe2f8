from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.files import objects, place
from changen_cli.store.formats.zarr.places import zarr_store


def test_a_folder_is_left_to_zarr(tmp_path: Path) -> None:
    assert zarr_store(tmp_path) == tmp_path


def test_a_url_is_a_store_that_is_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    objects.store.cache_clear()
    store = zarr_store(place("s3://bucket/deep/run.zarr"))
    assert store.read_only
    assert (store.store.config["bucket"], store.store.prefix) == ("bucket", "deep/run.zarr")
