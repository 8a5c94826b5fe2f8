from __future__ import annotations

import pytest

from changen_cli.errors import SceneError
from changen_cli.files import objects
from changen_cli.scenes.remote_labels import find_labels
from changen_cli.scenes.source import LabelSource


def test_names_are_asked_for_in_turn(memory: str) -> None:
    image = f"{memory}/in/images/a.jp2"
    labels, looked = find_labels(image)
    assert labels is None
    assert looked[0] == "a_buildings.geojson"
    assert looked[-3:] == ["a.jp2", "a.tif", "a.png"]
    objects.put(objects.Address(memory, "in/masks/a.png"), b"")
    assert find_labels(image)[0] == LabelSource("mask", f"{memory}/in/masks/a.png")
    objects.put(objects.Address(memory, "in/images/a_mask.tif"), b"")
    assert find_labels(image)[0] == LabelSource("mask", f"{memory}/in/images/a_mask.tif")
    objects.put(objects.Address(memory, "in/images/a_buildings.gpkg"), b"")
    assert find_labels(image)[0] == LabelSource("vector", f"{memory}/in/images/a_buildings.gpkg")


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("/vsis3/memory/in/a.tif", "/vsis3/memory/in/a_mask.tif"),
        ("/vsicurl/https://x.org/in/a.tif", "/vsicurl/https://x.org/in/a_mask.tif"),
    ],
)
def test_virtual_paths_keep_their_form(memory: str, image: str, label: str) -> None:
    objects.put(objects.Address(memory, "in/a_mask.tif"), b"")
    assert find_labels(image)[0] == LabelSource("mask", label)


@pytest.mark.parametrize("image", ["/vsizip/a.zip/b.tif", "https://x.org/a.tif?token=1", "ftp://x.org/a.tif"])
def test_where_no_name_is_known(image: str) -> None:
    assert find_labels(image) == (None, ["nothing, since names beside such a path are not known"])


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(address: objects.Address) -> None:
        raise OSError(5, "no route", str(address))

    monkeypatch.setattr(objects, "look", fail)
    with pytest.raises(SceneError, match=r"cannot look for its footprints .*no route.*give --masks or --footprints"):
        find_labels("https://x.org/a.tif")
