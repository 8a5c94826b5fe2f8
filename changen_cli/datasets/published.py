"""What is published of the data sets of section 4: pairs by split, sizes, archives, and where to get them.

None of them is passed on with changen, and nothing is downloaded: licences want each user to fetch their own copy.
Checksums stand here only where somebody published them; an archive without one is not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEVIR, WHU, WHU_TILES, S2LOOKING, XVIEW2 = "levir-cd", "whu-cd", "whu-cd-256", "s2looking", "xview2"
"""Names of the data sets."""

TORCHGEO = "torchgeo 0.8.1"
"""Who published the checksums below: its data sets compare them with what it downloads."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file to download.

    Attributes:
        name: Of the file.
        md5: Its MD5, hexadecimal, as :data:`TORCHGEO` has it; empty where none is published.
    """

    name: str
    md5: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A data set when it is whole.

    Attributes:
        name: Of this data set.
        title: As papers have it.
        counts: Pairs (of xView2 scenes) by split; empty where those who cut it disagree.
        size: Rows and columns of every image; None where they differ.
        source: Where it is to be had.
        unpack: What the folder looks like when it is unpacked.
        archives: Files that it comes in, where their names are known.
        gigabytes: What is downloaded, about; of images as large uncompressed, so at most, where nobody says.
        licence: Who may use it, in a few words.
        remark: What else one must know.
        least_rows: Rows that every image has at least, where ``size`` says nothing.
    """

    name: str
    title: str
    counts: Mapping[str, int]
    size: tuple[int, int] | None
    source: str
    unpack: str
    archives: tuple[Archive, ...] = ()
    gigabytes: float = 0.0
    licence: str = "academic use, see the page"
    remark: str = ""
    least_rows: int = 0


DATASETS = {
    one.name: one
    for one in (
        Published(
            name=LEVIR,
            title="LEVIR-CD",
            counts={"train": 445, "val": 64, "test": 128},
            size=(1024, 1024),
            source="https://justchenhao.github.io/LEVIR/",
            unpack="{train,val,test}/{A,B,label}/*.png, or {A,B,label}/{train,val,test}_*.png",
            archives=(
                Archive("train.zip", "a638e71f480628652dea78d8544307e4"),
                Archive("val.zip", "f7b857978524f9aa8c3bf7f94e3047a4"),
                Archive("test.zip", "07d5dd89e46f5c1359e2eca746989ed9"),
            ),
            gigabytes=4.0,
        ),
        Published(
            name=WHU,
            title="WHU-CD (the whole pair)",
            counts={"train": 1, "test": 1},
            size=None,
            source="https://gpcv.whu.edu.cn/data/building_dataset.html (the building change detection dataset)",
            unpack="{2012,2016}/whole_image/{train,test}/{image,label}/*.tif, change_label/{train,test}/*.tif",
            gigabytes=3.1,
            least_rows=10_000,
        ),
        Published(
            name=WHU_TILES,
            title="WHU-CD (tiles of 256 px)",
            counts={},
            size=(256, 256),
            source="cut from the whole pair, https://gpcv.whu.edu.cn/data/building_dataset.html, by others or by you",
            unpack="{A,B,label}/*, with list/{train,val,test}.txt where there are splits; WHU in the folder's name",
            gigabytes=3.1,
            remark="those who cut it disagree on number and splits of the tiles, so only pairs and sizes are checked",
        ),
        Published(
            name=S2LOOKING,
            title="S2Looking",
            counts={"train": 3500, "val": 500, "test": 1000},
            size=(1024, 1024),
            source="https://github.com/S2Looking/Dataset",
            unpack="{train,val,test}/{Image1,Image2,label}/*.png",
            gigabytes=31.5,
        ),
        Published(
            name=XVIEW2,
            title="xView2 (xBD)",
            counts={"train": 2799, "tier3": 6369, "test": 933, "hold": 933},
            size=(1024, 1024),
            source="https://xview2.org/download (after registering)",
            unpack="{train,tier3,test,hold}/{images,labels}/<disaster>_<8 digits>_pre_disaster.{png,json}",
            archives=(
                Archive("train_images_labels_targets.tar.gz", "a20ebbfb7eb3452785b63ad02ffd1e16"),
                Archive("test_images_labels_targets.tar.gz", "1b39c47e05d1319c17cc8763cee6fe0c"),
            ),
            gigabytes=30.0,
            licence="CC BY-NC-SA 4.0",
            remark="pre-disaster images and their labels are all that is used",
        ),
    )
}
"""By name."""
