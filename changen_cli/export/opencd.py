"""The data set's part of a configuration of open-cd, for the trees that it reads.

Two rules of open-cd's readers: the class of LEVIR-CD and those like it put ``.png`` behind each name of a list
themselves, so a list must not have it; that of WHU-CD puts nothing there, so a list must have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pprint import pformat

from changen_cli.types import Split

NAME = "opencd.py"
"""The file of the configuration."""


def config(kind: str, prefixes: Mapping[str, str], *, lists: str = "", semantic: bool = False) -> str:
    """Returns a configuration, to be taken with ``_base_``; the data are where it lies (``fileDirname`` of mmengine).

    Args:
        kind: Class of the data set, such as ``LEVIR_CD_Dataset``.
        prefixes: Folders by their name in ``data_prefix``; ``{split}`` in them is the split.
        lists: Folder of the lists; empty where all files of a folder are read.
        semantic: Whether there are labels of both dates.
    """
    load = "MultiImgMultiAnnLoadAnnotations" if semantic else "MultiImgLoadAnnotations"
    training = [
        {"type": "MultiImgLoadImageFromFile"},
        {"type": load},
        {"type": "MultiImgRandomFlip", "prob": 0.5, "direction": "horizontal"},
        {"type": "MultiImgRandomFlip", "prob": 0.5, "direction": "vertical"},
        {"type": "MultiImgPackSegInputs"},
    ]
    testing = [training[0], training[1], training[-1]]
    parts = [
        '"""Data set for open-cd, written by changen export: _base_ = ["THIS FOLDER/opencd.py", ...]."""',
    ]
    for split in Split:
        data: dict[str, object] = {"type": kind, "data_root": "{{ fileDirname }}"}
        if lists:
            data["ann_file"] = f"{lists}/{split}.txt"
        data["data_prefix"] = {name: folder.format(split=split) for name, folder in prefixes.items()}
        data["pipeline"] = training if split == Split.TRAIN else testing
        loader = {
            "batch_size": 8 if split == Split.TRAIN else 1,
            "num_workers": 4,
            "persistent_workers": True,
            "sampler": {"type": "InfiniteSampler" if split == Split.TRAIN else "DefaultSampler"},
            "dataset": data,
        }
        if split != Split.TRAIN:
            loader["sampler"] = {"type": "DefaultSampler", "shuffle": False}
        parts.append(f"\n{split}_dataloader = {pformat(loader, width=110, sort_dicts=False)}")
    evaluator = (
        {"type": "SCDMetric", "iou_metrics": ["mFscore", "mIoU"], "cal_sek": True}
        if semantic
        else {"type": "mmseg.IoUMetric", "iou_metrics": ["mFscore", "mIoU"]}
    )
    parts.append(f"\nval_evaluator = {evaluator!r}\ntest_evaluator = val_evaluator")
    return "\n".join(parts) + "\n"
