"""What is published of the data sets of section 4: pairs by split, sizes, archives, and where to get them.

None of them is passed on with changen, and nothing is downloaded: licences want each user to fetch their own copy.
Checksums stand here only where somebody published them; an archive without one is not checked.

Beside each entry is what its figures were held against in November 2026: text of public pages and repositories as a
search engine had stored it, not the pages of the data sets themselves, since nothing here downloads anything. What was
found nowhere is named in ``unverified``, and ``changen data list`` says so.
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
        unverified: Which of these statements were found nowhere but in memory, in words; empty if none.
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
    unverified: str = ""


DATASETS = {
    one.name: one
    for one in (
        # 637 pairs of 1024 x 1024, and the address: torchgeo/datasets/levircd.py and README files of many detectors;
        # 445 / 64 / 128: README files of others who use it, and the card of ericyu/LEVIRCD_Cropped256 on Hugging Face
        # (7120, 1024 and 2048 tiles are 16 of each); MD5: torchgeo/datasets/levircd.py.
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
            unverified="the size of the download (at most, from the sizes of the images)",
        ),
        # One pair of 32507 x 15354 pixels: lists of data sets, such as awesome-remote-sensing-change-detection. Two
        # addresses are named, by about as many; the server of the first still had another data set of that group.
        Published(
            name=WHU,
            title="WHU-CD (the whole pair)",
            counts={"train": 1, "test": 1},
            size=None,
            source="http://gpcv.whu.edu.cn/data/building_dataset.html (the building change detection dataset), or "
            "https://study.rsgis.whu.edu.cn/pages/download/building_dataset.html",
            unpack="{2012,2016}/whole_image/{train,test}/{image,label}/*.tif, change_label/{train,test}/*.tif",
            gigabytes=3.1,
            least_rows=10_000,
            unverified="names of the folders, licence, the size of the download (at most, from that of the images)",
        ),
        Published(
            name=WHU_TILES,
            title="WHU-CD (tiles of 256 px)",
            counts={},
            size=(256, 256),
            source="cut from the whole pair, http://gpcv.whu.edu.cn/data/building_dataset.html, by others or by you",
            unpack="{A,B,label}/*, with list/{train,val,test}.txt where there are splits; WHU in the folder's name",
            gigabytes=3.1,
            remark="those who cut it disagree on number and splits of the tiles, so only pairs and sizes are checked",
            unverified="licence, the size of the download",
        ),
        # 5,000 pairs of 1024 x 1024: the abstract of its paper; 3500 / 500 / 1000: README files of others who use it;
        # the address: README.md of S2Looking/Dataset, which names the drives that have it.
        Published(
            name=S2LOOKING,
            title="S2Looking",
            counts={"train": 3500, "val": 500, "test": 1000},
            size=(1024, 1024),
            source="https://github.com/S2Looking/Dataset",
            unpack="{train,val,test}/{Image1,Image2,label}/*.png",
            gigabytes=31.5,
            unverified="licence, the size of the download (at most, from the sizes of the images)",
        ),
        # 2799 scenes of train: those who count its 5598 images; 6369 of tier3 and 933 of test: README files of others
        # who use it; 933 of hold: what is left of the 22,068 images (arXiv 1911.09296). MD5, and 7.8 and 2.6 GB for
        # train and test: torchgeo/datasets/xview.py. Licence: cards of its mirrors on Hugging Face.
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
            unverified="the size of the download of all four (train is 7.8 GB, test 2.6 GB)",
        ),
    )
}
"""By name."""
