"""Inputs and outputs that URLs name, in whole runs: the same bytes as on a disk, whatever happens."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_pairs, open_series
from changen_cli.errors import SceneError
from changen_cli.files import objects, place
from changen_cli.store.journal import done_shards
from tests.commands import Changen, Start
from tests.fixtures.remote import Served
from tests.outputs import Tree

SHARDS = ("--shard-samples", 4)
LOCK = ".changen/lock"
Objects = Callable[[str], dict[str, bytes]]


def test_from_a_server_to_a_bucket(
    generate: Changen, changen: Changen, town: Callable[..., Path], served: Served, bucket: str, tmp_path: Path
) -> None:
    town(served.folder)
    url = f"{bucket}/deep/run.zarr"
    done = generate("-i", f"{served.url}/town.tif", "-o", url, *SHARDS, "-q")
    assert done.code == 0, done.err
    assert any(line.startswith("GET /town.tif bytes=") for line in served.asked), "it is read in ranges"
    verified = changen("verify", url, "-q")
    assert verified.code == 0
    assert f"{url}: whole; " in verified.out
    assert f"{url} (zarr): finished" in changen("status", url).out
    local = tmp_path / "local"
    assert generate("-i", served.folder / "town.tif", "-o", local, *SHARDS, "-q").code == 0
    near, far = open_series(local), open_series(url)
    assert len(near) == len(far) == 12
    for item in (0, 7):
        assert np.array_equal(near[item].image, far[item].image)
        assert near[item].changes == far[item].changes
        assert all(map(np.array_equal, near.read_pair(item), far.read_pair(item)))


def test_a_bucket_has_the_bytes_of_a_folder(
    generate: Changen, scene: Path, bucket: str, objects_of: Objects, out: Path, tree: Tree
) -> None:
    command = ("-i", scene, *SHARDS, "-q", "-o")
    assert generate(*command, out).code == generate(*command, f"{bucket}/run").code == 0
    files = {name: data for name, data in tree(out).items() if data != b"<folder>"}
    found = objects_of(f"{bucket}/run")
    assert found.keys() == files.keys()
    assert [name for name in files if found[name] != files[name]] == []


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_a_killed_run_goes_on(
    generate: Changen, start: Start, scene: Path, bucket: str, objects_of: Objects, out: Path, tree: Tree, workers: int
) -> None:
    words = ("--variants", 12, "--tile-size", 128, "--synthesizer", "copy", "--precision", "fp32", *SHARDS, "-q", "-o")
    command = ("-i", scene, "--workers", workers, *words)
    assert generate(*command, out).code == 0
    process = start("generate", *command, f"{bucket}/run")
    deadline = time.monotonic() + 120
    while not len(done_shards(place(f"{bucket}/run"))) >= 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
    process.kill()
    process.wait()
    left = len(done_shards(place(f"{bucket}/run")))
    assert left < 36, "it was killed in the middle"
    done = generate(*command[:-2], "-o", f"{bucket}/run")
    assert done.code == 0, done.err
    assert "by an earlier run" in done.err
    files = {name: data for name, data in tree(out).items() if data != b"<folder>"}
    assert objects_of(f"{bucket}/run") == files


def test_damage_is_found_and_repaired(
    generate: Changen, changen: Changen, scene: Path, bucket: str, objects_of: Objects
) -> None:
    url = f"{bucket}/run"
    assert generate("-i", scene, "-o", url, *SHARDS, "-q").code == 0
    whole = objects_of(url)
    objects.delete(objects.Address(url, "mask/c.1.0.0.0"))
    chunk = bytearray(whole["image/c.2.0.0.0.0"])
    chunk[40] ^= 1
    objects.put(objects.Address(url, "image/c.2.0.0.0.0"), chunk)
    objects.put(objects.Address(url, "mine.txt"), b"?")
    found = changen("verify", url, "-q")
    assert found.code == 1
    assert "missing: mask/c.1.0.0.0" in found.out
    assert "damaged: image/c.2.0.0.0.0: its XXH3" in found.out
    assert "extra: mine.txt" in found.out
    assert changen("verify", url, "--repair", "-q").code == 1, "what is not changen's stays"
    assert objects_of(url) == {**whole, "mine.txt": b"?"}


def test_start_again(generate: Changen, scene: Path, bucket: str, objects_of: Objects) -> None:
    url = f"{bucket}/run"
    assert generate("-i", scene, "-o", url, *SHARDS, "-q").code == 0
    first = objects_of(url)
    other = generate("-i", scene, "-o", url, *SHARDS, "--seed", 5, "-q")
    assert other.code == 2
    assert "seed was 0, is now 5" in other.error
    assert generate("-i", scene, "-o", url, *SHARDS, "--seed", 5, "--overwrite", "-q").code == 0
    assert objects_of(url) != first
    assert generate("-i", scene, "-o", url, *SHARDS, "--overwrite", "-q").code == 0
    assert objects_of(url) == first


def test_workers_share_a_bucket(
    generate: Changen, changen: Changen, scene: Path, bucket: str, objects_of: Objects, out: Path, tree: Tree
) -> None:
    command = ("-i", scene, *SHARDS, "-q", "-o")
    assert generate(*command, out).code == 0
    for worker in ("0/2", "1/2"):
        assert generate(*command, f"{bucket}/run", "--shard", worker).code == 0
    assert changen("finalize", f"{bucket}/run", "-q").code == 0
    files = {name: data for name, data in tree(out).items() if data != b"<folder>"}
    assert objects_of(f"{bucket}/run") == files


def test_foreign_objects_are_left_alone(generate: Changen, scene: Path, bucket: str, objects_of: Objects) -> None:
    objects.put(objects.Address(f"{bucket}", "run/mine"), b"five years")
    done = generate("-i", scene, "-o", f"{bucket}/run", "--overwrite", "-q")
    assert done.code == 2
    assert "holds mine and was not written by changen" in done.error
    assert objects_of(bucket) == {"run/mine": b"five years"}


def test_a_finished_output_is_read_over_http(generate: Changen, changen: Changen, scene: Path, served: Served) -> None:
    out = served.folder / "run.zarr"
    assert generate("-i", scene, "-o", out, *SHARDS, "-q").code == 0
    far, near = open_series(f"{served.url}/run.zarr"), open_series(out)
    assert np.array_equal(far[3].change, near[3].change)
    assert far[3].changes == near[3].changes
    done = changen("verify", f"{served.url}/run.zarr", "-q")
    assert done.code == 0, done.err
    shutil.rmtree(out / "valid")
    assert "missing: valid/zarr.json" in changen("verify", f"{served.url}/run.zarr", "-q").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "https://example.org/run"), "https:// is read and not written; give s3://, gs://, az://, abfs://"),
        (("-o", "ftp://example.org/run"), "give a folder, or a URL of s3://"),
        (
            ("-o", "s3://b/run", "-f", "geotiff"),
            "with --format geotiff: only --format icechunk or zarr is written to object",
        ),
        (("-o", "s3://b/run", "-f", "levir"), "with --format levir: only --format icechunk or zarr"),
        (("-o", "s3://b/run", "--mosaic"), "with --mosaic: only --format icechunk or zarr is written to object stores"),
    ],
)
def test_what_is_refused(generate: Changen, scene: Path, words: tuple[str, ...], said: str) -> None:
    done = generate("-i", scene, *words, "-q")
    assert done.code == 2
    assert said in done.error


def test_a_bucket_that_is_not_there(generate: Changen, scene: Path, bucket: str) -> None:
    done = generate("-i", scene, "-o", f"{bucket}-not/run", "-q")
    assert done.code == 2
    assert "bucket does not exist" in done.error


def test_footprints_beside_a_url(generate: Changen, town: Callable[..., Path], served: Served, out: Path) -> None:
    town(served.folder, labels=None)
    done = generate("-i", f"{served.url}/town.tif", "-o", out, "-q")
    assert done.code == 2
    assert "has no footprints; looked for town_buildings.geojson, town_buildings.gpkg" in done.error
    town(served.folder, labels=".geojson")
    assert generate("-i", f"{served.url}/town.tif", "-o", out, "-q").code == 0
    named = f"{served.url}/town_buildings.geojson"
    assert generate("-i", f"/vsicurl/{served.url}/town.tif", "-o", f"{out}2", "--footprints", named, "-q").code == 0


def test_a_raster_of_a_bucket(
    generate: Changen, town: Callable[..., Path], bucket: str, out: Path, tmp_path: Path
) -> None:
    for path in town(tmp_path / "in", labels=".geojson").parent.iterdir():
        objects.put(objects.Address(bucket, f"in/{path.name}"), path)
    done = generate("-i", f"{bucket}/in/town.tif", "-o", out, "-q")
    assert done.code == 0, done.err
    with_vsi = f"/vsis3/{bucket.removeprefix('s3://')}/in/town.tif"
    assert generate("-i", with_vsi, "-o", f"{out}2", "-q").code == 0


def test_a_file_does_not_make_the_machine_call(
    generate: Changen, town: Callable[..., Path], served: Served, out: Path, tmp_path: Path
) -> None:
    town(served.folder)
    folder = town(tmp_path / "in").parent
    vrt = folder / "town.vrt"
    vrt.write_text(
        '<VRTDataset rasterXSize="500" rasterYSize="300"><SRS>EPSG:32636</SRS><GeoTransform>500000, 0.5, 0, 20000, 0, '
        "-0.5</GeoTransform>"
        + "".join(
            f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource>'
            f"<SourceFilename>/vsicurl/{served.url}/town.tif</SourceFilename><SourceBand>{band}</SourceBand>"
            "</SimpleSource></VRTRasterBand>"
            for band in (1, 2, 3)
        )
        + "</VRTDataset>"
    )
    done = generate("-i", vrt, "-o", out, "-q")
    assert done.code != 0
    assert served.asked == []
    shutil.copy(vrt, served.folder / "town.vrt")
    assert generate("-i", f"{served.url}/town.vrt", "-o", f"{out}2", "-q").code == 0, "who names a URL has said so"


def test_input_that_has_changed_on_its_server_is_refused(
    generate: Changen, town: Callable[..., Path], served: Served, out: Path
) -> None:
    town(served.folder)
    words = ("-i", f"{served.url}/town.tif", "-o", out, *SHARDS, "-q")
    assert generate(*words).code == 0
    (out / "manifest.json").unlink()  # as if the run had been killed
    assert generate(*words).code == 0
    (out / "manifest.json").unlink()
    town(served.folder, compress="deflate")
    refused = generate(*words)
    assert refused.code == 2
    assert "input_files" in refused.error


def test_an_output_in_a_bucket_is_looked_at_and_measured(
    generate: Changen, changen: Changen, scene: Path, bucket: str, served: Served, tmp_path: Path
) -> None:
    url = f"{bucket}/run"
    assert generate("-i", scene, "-o", url, "-q").code == 0
    page = tmp_path / "page.html"
    looked = changen("preview", url, "-o", page, "-q")
    assert looked.code == 0, looked.err
    assert page.stat().st_size > 10_000
    near = served.folder / "run"
    assert generate("-i", scene, "-o", near, "-q").code == 0
    for path in (url, f"{served.url}/run"):
        far, here = open_pairs(path), open_pairs(near)
        assert (far.name, list(far.ids)) == ("run", list(here.ids))
        assert np.array_equal(far.read(1).change, here.read(1).change)
    measured = changen("evaluate", "quality", url, "--reference", f"{served.url}/run", "--json", "-", "-q")
    assert measured.code == 0, measured.err


def test_pairs_of_images_are_not_read_by_url(bucket: str, served: Served) -> None:
    for url in (f"{bucket}/LEVIR-CD", f"{served.url}/LEVIR-CD"):
        with pytest.raises(SceneError, match=r"no finished output of changen is there.*copy them to this machine"):
            open_pairs(url)
