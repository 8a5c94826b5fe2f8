"""What tests of several rooms share; what belongs together is in a module of :mod:`tests.fixtures`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
import rasterio.features
import shapely
import shapely.affinity
from affine import Affine
from hypothesis import settings

settings.register_profile("changen", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("changen")

pytest_plugins = ["tests.fixtures.metrics", "tests.fixtures.training"]


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """One thread for PyTorch: sums keep their order, and the machine has other work to do."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# A georeferenced town and fast weights, for the tests of the pipeline and the command line.

ORIGIN = Affine(0.5, 0, 500_000, 0, -0.5, 20_000)
UTM = "EPSG:32636"
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@lru_cache
def draw_town(height: int = 300, width: int = 500) -> tuple[np.ndarray, tuple[shapely.Polygon, ...]]:
    """Draws houses on bare ground, none of them right of column 420.

    Returns:
        Image uint8 [3, height, width], nowhere 0, and the outlines in pixel coordinates.
    """
    draw = np.random.default_rng(11)
    image = draw.normal((140, 120, 90), 12, (height, width, 3))
    houses = []
    for y in range(20, height - 20, 40):
        for x in range(20, min(width - 20, 400), 40):
            w, h = draw.uniform(7, 13, 2)
            cx, cy = x + draw.uniform(-4, 4), y + draw.uniform(-4, 4)
            houses.append(shapely.affinity.rotate(shapely.box(cx - w, cy - h, cx + w, cy + h), draw.uniform(-20, 20)))
    roofs = rasterio.features.rasterize(houses, (height, width)) != 0
    image[roofs] = draw.normal((190, 70, 60), 6, (int(roofs.sum()), 3))
    return np.clip(np.rint(image), 1, 255).astype(np.uint8).transpose(2, 0, 1), tuple(houses)


def write_outlines(path: Path, outlines: Any, *, crs: str | None = UTM) -> Path:
    """Writes outlines, given in pixel coordinates of the town; GeoJSON in EPSG:4326."""
    a, b, c, d, e, f = tuple(ORIGIN)[:6]
    matrix, offset = np.array([[a, d], [b, e]]), np.array([c, f])
    ground = shapely.transform(np.array(outlines, object), lambda xy: xy @ matrix + offset)
    frame = geopandas.GeoDataFrame(geometry=list(ground), crs=UTM)
    if path.suffix == ".geojson":
        frame = frame.to_crs("EPSG:4326")
    elif crs is None:
        frame = frame.set_crs(None, allow_override=True)
    frame.to_file(path)
    return path


def write_town(
    folder: Path,
    name: str = "town",
    *,
    labels: str | None = ".gpkg",
    size: tuple[int, int] = (300, 500),
    pixels: Any = None,
    georeferenced: bool = True,
    **profile: Any,
) -> Path:
    """Writes the town as a GeoTIFF of 0.5 m in EPSG:32636, tiled, with its labels beside it.

    Args:
        folder: Where to; made where it is missing.
        name: Stem of the files.
        labels: Extension of ``<name>_buildings``, or "mask" (0/255) or "instances" for ``<name>_mask.tif``, or None.
        size: Height and width.
        pixels: Other pixels than the town's, [C, H, W].
        georeferenced: Whether the GeoTIFF says where it is.
        **profile: Of rasterio.

    Returns:
        The GeoTIFF.
    """
    folder.mkdir(parents=True, exist_ok=True)
    image, houses = draw_town(*size)
    image = image if pixels is None else pixels
    place: dict[str, Any] = {"crs": UTM, "transform": ORIGIN} if georeferenced else {}
    path = folder / f"{name}.tif"
    shape = {"driver": "GTiff", "height": size[0], "width": size[1], **place}
    tiles = {"tiled": True, "blockxsize": 64, "blockysize": 64}
    with rasterio.open(path, "w", **{**shape, **tiles, "count": len(image), "dtype": image.dtype, **profile}) as file:
        file.write(image)
    if labels in ("mask", "instances"):
        shapes = [(house, 255 if labels == "mask" else 300 + 2 * n) for n, house in enumerate(houses)]
        mask = rasterio.features.rasterize(shapes, size, dtype="uint16" if labels == "instances" else "uint8")
        with rasterio.open(folder / f"{name}_mask.tif", "w", **{**shape, "count": 1, "dtype": mask.dtype}) as file:
            file.write(mask, 1)
    elif labels is not None:
        write_outlines(folder / f"{name}_buildings{labels}", houses)
    return path


@pytest.fixture(scope="session")
def town() -> Callable[..., Path]:
    """Writes a town; see :func:`write_town`."""
    return write_town


@pytest.fixture(scope="session")
def town_image() -> np.ndarray:
    """The pixels of the town, uint8 [3, 300, 500]."""
    return draw_town()[0]


@pytest.fixture(scope="session")
def town_houses() -> tuple[shapely.Polygon, ...]:
    """The outlines of the town's houses, pixel coordinates."""
    return draw_town()[1]


@pytest.fixture(scope="session")
def outlines() -> Callable[..., Path]:
    """Writes outlines on the town; see :func:`write_outlines`."""
    return write_outlines


SMALLEST: dict[str, dict[str, Any]] = {
    "changen": {"width": 1 / 16, "hidden": [8] * 6, "noise_dim": 8},
    "oasis": {"width": 1 / 64, "hidden": [8] * 6, "noise_dim": 6},
    "spade": {"width": 1 / 64, "hidden": [8] * 7, "noise_dim": 7},
    "deepfill": {"width": 1 / 12},
    "segmenter": {"width": 1 / 4},
}


@pytest.fixture(scope="session")
def smallest() -> dict[str, dict[str, Any]]:
    """Arguments that make the network of each model small, by name of the model."""
    return SMALLEST


@pytest.fixture(scope="session")
def weights_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Gives weights of the smallest network of a model, not trained: a safetensors file of that name, with its card."""
    folder = tmp_path_factory.mktemp("untrained")

    def make(model: str, name: str = "") -> Path:
        path = folder / f"{name or model}.safetensors"
        if not path.exists():
            write_untrained(path, model)
        return path

    return make


def write_untrained(path: Path, model: str) -> None:
    import torch
    from safetensors.torch import save_file

    from changen_cli.models.layers import fold_spectral_norm
    from changen_cli.models.registry import make_network
    from changen_cli.weights.card import Card, file_sha256

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = make_network(model, SMALLEST[model])
    fold_spectral_norm(network.eval())
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, path)
    card = Card(path.stem, model, SMALLEST[model], file_sha256(path), licence="CC0-1.0", attribution="nobody")
    card.write(path.with_suffix(".yaml"))


@pytest.fixture(scope="session")
def untrained_weights(weights_of: Callable[..., Path]) -> Path:
    """Weights of the smallest generator there is, not trained: ``untrained.safetensors`` with its card."""
    return weights_of("changen", "untrained")


@pytest.fixture(scope="session")
def tree() -> Callable[[Path], dict[str, bytes]]:
    """Reads everything in a folder: the bytes of each file, and the empty folders."""

    def read(root: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(root)): path.read_bytes() if path.is_file() else b"<folder>"
            for path in sorted(root.rglob("*"))
        }

    return read


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real imagery; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real imagery is not here: no {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts small file systems in memory, where the user may."""
    mounted: list[Path] = []

    def make(options: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        try:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
        except OSError as error:
            pytest.skip(f"mount cannot be run here: {error}")
        if done.returncode:
            pytest.skip(f"this user may not mount a file system: {done.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)
