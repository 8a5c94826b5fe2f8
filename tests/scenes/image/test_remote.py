from __future__ import annotations

import pytest

from changen_cli.scenes.image.remote import NOWHERE, network_settings


@pytest.mark.parametrize("path", ["a.tif", "/data/a.vrt", "/vsizip/a.zip/b.vrt", "/vsimem/x.tif"])
def test_a_file_fetches_nothing(path: str) -> None:
    assert network_settings(path) == NOWHERE


@pytest.mark.parametrize(
    "path", ["https://x.org/a.tif", "/vsicurl/https://x.org/a.tif", "/vsis3/b/a.tif", "/vsizip//vsigs/b/a.zip/c.tif"]
)
def test_a_url_is_read_in_ranges_without_a_listing(path: str) -> None:
    settings = network_settings(path)
    assert settings["GDAL_DISABLE_READDIR_ON_OPEN"] == "EMPTY_DIR"
    assert "CPL_VSIL_CURL_ALLOWED_FILENAME" not in settings


def test_endpoints_and_what_the_user_has_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "1")
    settings = network_settings("s3://b/a.tif")
    assert settings["AWS_S3_ENDPOINT"] == "127.0.0.1:9000"
    assert settings["AWS_HTTPS"] == "NO"
    assert "GDAL_HTTP_MAX_RETRY" not in settings
    monkeypatch.setenv("AWS_S3_ENDPOINT", "mine")
    assert "AWS_HTTPS" not in network_settings("s3://b/a.tif")
