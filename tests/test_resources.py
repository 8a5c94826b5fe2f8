from __future__ import annotations

from pathlib import Path

from changen_cli import resources

ROOT = Path(__file__).parents[1]


def test_in_a_checkout_data_lie_beside_the_package() -> None:
    assert resources.weights_folder() == ROOT / "weights"
    assert [path.name for path in resources.example_files()] == ["village.tif", "village_buildings.geojson"]


def test_in_a_wheel_data_lie_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "changen_cli"
    for folder in (package / "_data" / "weights", package / "_data" / "examples", tmp_path / "weights"):
        folder.mkdir(parents=True)
    for name in ("village.tif", "make_scene.py"):
        (package / "_data" / "examples" / name).touch()
    assert resources.weights_folder(package) == package / "_data" / "weights"
    assert resources.example_files(package) == [package / "_data" / "examples" / "village.tif"]
