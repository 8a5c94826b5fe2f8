"""Writes a fake xView2 / xBD tree: its folders, names and label files as released, pictures and buildings made up.

``python tests/data/make_xbd.py FOLDER`` writes one of full size. Nothing of it is from xBD, whose pixels may not be
passed on. Positions are true to each other: ``lng_lat`` is ``xy`` laid on UTM at half a metre a pixel.
"""

from __future__ import annotations

import argparse
import json
import uuid
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
import shapely
from rasterio.errors import NotGeoreferencedWarning
from rasterio.features import rasterize
from shapely.geometry.base import BaseGeometry

SPLITS = {
    "train": ("guatemala-volcano", "hurricane-michael"),
    "tier3": ("joplin-tornado", "portugal-wildfire"),
    "test": ("guatemala-volcano", "hurricane-michael"),
    "hold": ("guatemala-volcano", "hurricane-michael"),
}
"""Disasters of each split: tier3 has its own, the others share theirs and number them on."""

WITHOUT_TARGETS = ("tier3",)
DAMAGE = ("no-damage", "minor-damage", "major-damage", "destroyed", "un-classified")
GSD = 0.5
"""Metres per pixel of the pictures. The metadata say another number, as in xBD: that of the multispectral bands."""

UTM = "EPSG:32616"
ORIGIN = (500_000.0, 3_300_000.0)


def write_xbd(root: Path, size: int = 1024, scenes: int = 2, buildings: int = 40, seed: int = 0) -> Path:
    """Writes a tree.

    Args:
        root: Folder that gets ``train``, ``tier3``, ``test`` and ``hold``.
        size: Rows and columns of a picture; 1024 in xBD.
        scenes: Scenes of each disaster in each split. The last one of the last disaster of ``train`` has no building,
            as about a fifth of xBD.
        buildings: Most buildings of a scene.
        seed: The same seed writes the same tree, but for dates of files.

    Returns:
        The root.
    """
    numbers: dict[str, int] = {}
    for split, disasters in SPLITS.items():
        for kind in ("images", "labels", *(() if split in WITHOUT_TARGETS else ("targets",))):
            (root / split / kind).mkdir(parents=True, exist_ok=True)
        for disaster in disasters:
            for scene in range(scenes):
                number = numbers[disaster] = numbers.get(disaster, -1) + 1
                empty = split == "train" and disaster == disasters[-1] and scene == scenes - 1
                key = [seed, sorted(SPLITS).index(split), disasters.index(disaster), scene]
                count = 0 if empty else buildings
                _write_scene(root / split, f"{disaster}_{number:08d}", size, count, np.random.default_rng(key))
    return root


def _write_scene(folder: Path, name: str, size: int, count: int, draw: np.random.Generator) -> None:
    outlines = _outlines(size, count, draw)
    uids = [str(uuid.UUID(bytes=draw.bytes(16))) for _ in outlines]
    damage = draw.integers(0, len(DAMAGE), len(outlines))
    ground = draw.integers(60, 120, (3, 1, 1)) + draw.integers(-20, 20, (3, size, size))
    colours = draw.integers(150, 255, (len(outlines), 3))
    corner = np.array(ORIGIN) + draw.integers(-50, 50, 2) * 1000.0
    which = np.zeros((size, size), int)  # 0 where there is no building, else 1 + its place in the list
    if outlines:
        which = rasterize([(o, n + 1) for n, o in enumerate(outlines)], (size, size)).astype(int)
    palette = np.vstack([np.zeros((1, 3), int), colours])
    for when in ("pre", "post"):
        shows = [False, *(when == "pre" or DAMAGE[g] != "destroyed" for g in damage.tolist())]
        image = np.where(np.array(shows)[which], np.moveaxis(palette[which], 2, 0), ground)
        classes = [0, *(1 if when == "pre" or DAMAGE[g] == "un-classified" else g + 1 for g in damage.tolist())]
        target = np.array(classes, np.uint8)[which]
        grades = None if when == "pre" else [DAMAGE[g] for g in damage.tolist()]
        stem = f"{name}_{when}_disaster"
        _write_png(folder / "images" / f"{stem}.png", image.astype(np.uint8))
        label = _label(stem, outlines, uids, grades, corner, size)
        (folder / "labels" / f"{stem}.json").write_text(json.dumps(label), encoding="utf-8")
        if (folder / "targets").is_dir():
            _write_png(folder / "targets" / f"{stem}_target.png", target[None])


def _outlines(size: int, count: int, draw: np.random.Generator) -> list[BaseGeometry]:
    """Draws turned L shapes that do not touch; what an edge cuts is clipped to the picture, as in xBD."""
    found: list[BaseGeometry] = []
    for _ in range(count):
        a, b = draw.uniform(10, 24, 2)
        shape: BaseGeometry = shapely.Polygon([(0, 0), (a, 0), (a, b / 2), (a / 2, b / 2), (a / 2, b), (0, b)])
        shape = shapely.affinity.rotate(shape, draw.uniform(0, 90), origin=(0, 0))
        shape = shapely.affinity.translate(shape, *draw.uniform(0, size, 2))
        shape = shape & shapely.box(0, 0, size, size)
        if shape.geom_type == "Polygon" and shape.area > 20 and all(shape.distance(f) > 3 for f in found):
            found.append(shape)
    return found


def _label(
    stem: str, outlines: list[BaseGeometry], uids: list[str], grades: list[str] | None, corner: np.ndarray, size: int
) -> dict[str, Any]:
    to_degrees = pyproj.Transformer.from_crs(UTM, "EPSG:4326", always_xy=True)

    def locate(points: np.ndarray) -> np.ndarray:
        return np.column_stack(to_degrees.transform(corner[0] + GSD * points[:, 0], corner[1] - GSD * points[:, 1]))

    def feature(outline: BaseGeometry, number: int) -> dict[str, Any]:
        grade = {} if grades is None else {"subtype": grades[number]}
        return {"properties": {"feature_type": "building", **grade, "uid": uids[number]}, "wkt": outline.wkt}

    disaster = stem.rsplit("_", 3)[0]
    return {
        "features": {
            "lng_lat": [feature(shapely.transform(o, locate), n) for n, o in enumerate(outlines)],
            "xy": [feature(o, n) for n, o in enumerate(outlines)],
        },
        "metadata": {
            "sensor": "WORLDVIEW03_VNIR",
            "provider_asset_type": "WORLDVIEW03_VNIR",
            "gsd": 1.85,
            "capture_date": "2018-08-20T16:32:14.000Z",
            "off_nadir_angle": 22.5,
            "pan_resolution": 0.46,
            "sun_azimuth": 150.1,
            "sun_elevation": 60.2,
            "target_azimuth": 11.3,
            "disaster": disaster,
            "disaster_type": "volcano" if "volcano" in disaster else "wind",
            "catalog_id": "1040010000000000",
            "original_width": size,
            "original_height": size,
            "width": size,
            "height": size,
            "id": "AAAA",
            "img_name": f"{stem}.png",
        },
    }


def _write_png(path: Path, pixels: np.ndarray) -> None:
    count, height, width = pixels.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="PNG", height=height, width=width, count=count, dtype="uint8") as dataset:
            dataset.write(pixels)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--scenes", type=int, default=2)
    parser.add_argument("--buildings", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(write_xbd(given.folder, given.size, given.scenes, given.buildings, given.seed))
