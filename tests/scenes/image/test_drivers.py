from __future__ import annotations

import pytest

from changen_cli.scenes.image.drivers import drivers_for


@pytest.mark.parametrize("path", ["a.tif", "a.vrt.tif", "/vsicurl/https://x/a.tif?b=c.vrt"])
def test_no_pointers_among_pictures(path: str) -> None:
    found = drivers_for(path)
    assert {"GTiff", "PNG", "JPEG"} <= set(found)
    assert not {"VRT", "WMS", "WMTS", "STACIT", "GTI", "HTTP"} & set(found)


@pytest.mark.parametrize("path", ["a.vrt", "A.VRT", "/vsicurl/https://x/a.vrt?b=c"])
def test_a_vrt_by_its_name(path: str) -> None:
    assert "VRT" in drivers_for(path)
