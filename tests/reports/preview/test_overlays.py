from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from shapely.geometry import MultiPolygon, Polygon, box

from changen_cli.metrics.pairs import pairs_of
from changen_cli.reports.pictures import CREATED, REMOVED
from changen_cli.reports.preview.colours import CLASSES
from changen_cli.reports.preview.overlays import OTHER, change_uri, fitted, mask_uri, path_of, photo_uri
from changen_cli.store.sample import Sample
from changen_cli.types import UInt8Array


def read(uri: str) -> UInt8Array:
    kind, _, data = uri.partition(",")
    assert kind in ("data:image/png;base64", "data:image/webp;base64")
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    return np.asarray(picture.convert("RGBA"))


def test_pictures_are_made_smaller_and_never_larger() -> None:
    assert fitted(400, 200, 100) == (100, 50)
    assert fitted(400, 200, 800) == (400, 200)
    assert fitted(400, 200, None) == (400, 200)
    assert fitted(4000, 1, 100) == (100, 1)


def test_a_photo_is_the_image() -> None:
    image = np.zeros((3, 40, 60), np.uint8)
    image[0, :, 30:] = 200
    seen = read(photo_uri(image, (60, 40)))
    assert seen.shape == (40, 60, 4)
    assert np.abs(seen[..., :3].astype(int) - image.transpose(1, 2, 0)).mean() < 4
    assert read(photo_uri(image, (30, 20))).shape == (20, 30, 4)


def test_a_mask_has_the_colours_of_its_classes_on_clear_ground() -> None:
    mask = np.array([[0, 1, 2, 7]], np.uint8)
    seen = read(mask_uri(mask, (4, 1)))[0]
    assert seen[0, 3] == 0
    assert [tuple(pixel) for pixel in seen[1:]] == [(*CLASSES[(value - 1) % len(CLASSES)], 255) for value in (1, 2, 7)]
    assert read(mask_uri(np.zeros((2, 2), np.uint8), (2, 2)))[..., 3].max() == 0


def test_change_is_green_where_new_and_red_where_gone(sample: Sample) -> None:
    first, second = pairs_of(sample)
    seen = read(change_uri(sample.change[0], first, (40, 24)))
    np.testing.assert_array_equal((seen[..., :3] == CREATED).all(2) & (seen[..., 3] > 0), first.created)
    np.testing.assert_array_equal((seen[..., :3] == REMOVED).all(2) & (seen[..., 3] > 0), first.removed)
    assert second.removed.any()
    unknown = read(change_uri(sample.change[1], None, (40, 24)))
    np.testing.assert_array_equal((unknown[..., :3] == OTHER).all(2) & (unknown[..., 3] > 0), sample.change[1] != 0)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_outlines_are_paths_in_pixels_of_the_picture(scale: float) -> None:
    ring = Polygon([(0, 0), (8, 0), (8, 8), (0, 8)], [[(2, 2), (4, 2), (4, 4), (2, 4)]])
    path = path_of(MultiPolygon([ring, box(20, 20, 24, 24)]), scale)
    assert path.count("M") == path.count("Z") == 3
    assert f"{8 * scale:.1f} {8 * scale:.1f}" in path
    assert path_of(None, scale) == ""
