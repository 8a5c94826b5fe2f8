"""Label agreement: does a segmenter that was trained on real images read S_t+1 back from I~_t+1?

With P the pixels that the segmenter takes for building, over valid pixels of all pairs together:

    created:    |P and created| / |created|     new buildings that are seen
    removed:    |removed - P| / |removed|       removed buildings that are seen to be gone
    kept:       |P and kept| / |kept|           old buildings that are still seen
    background: |ground - P| / |ground|         ground that stays ground; keeps "all is building" from scoring well
    iou:        |P and S_t+1| / |P or S_t+1|

``real`` is what the same segmenter reads from the real images I_0 of the same places against S_0: ``building`` is the
ceiling of created and kept, ``background`` that of removed and background, ``iou`` that of iou.

``copy`` is what it reads from the same I_0 against S_1, that is from an image that did not change though its labels
did. Created, removed and iou, which tell of the change, stand on a scale too:

    scaled = (x - copy) / (real - copy)

0 shows no more of the change than I_t itself does, and 1 is read as well as real buildings, and real ground, are. It is
below 0 where the image shows less than I_t, and above 1 where its buildings are easier to see than real ones. Kept
buildings and background have no such scale: an unchanged image shows them as well as a real one, since it is one.
"""

from __future__ import annotations

from collections import Counter
from typing import Protocol

import numpy as np
from torch import Tensor

from changen_cli.metrics.base import Accumulator, Column, Metric, Result, Role, absent, share
from changen_cli.metrics.pairs import Pair
from changen_cli.metrics.text import Bar, Chart, Line, number, percent
from changen_cli.types import BoolArray


class Segmenter(Protocol):
    """Reads buildings from images; frozen."""

    def __call__(self, images: Tensor) -> Tensor:
        """Segments images.

        Args:
            images: float32 [B, 3, H, W] in -1..1.

        Returns:
            Logits, float [B, C, H, W]: C = 1 for building above 0, or C >= 2 with class 0 background.
        """
        ...


SCALED = {"created": "building", "removed": "background", "iou": "iou"}
"""Shares that tell of the change, and what of the real images is their ceiling."""


def scaled(value: float | None, copy: float | None, real: float | None) -> float | None:
    """Returns (value - copy) / (real - copy), or None where one is not known or the real one is not the larger."""
    if value is None or copy is None or real is None or real <= copy:
        return None
    return (value - copy) / (real - copy)


def buildings(logits: Tensor) -> Tensor:
    """Returns where a segmenter sees a building.

    Args:
        logits: float [B, C, H, W], as :class:`Segmenter` gives them.

    Returns:
        bool [B, H, W].
    """
    return logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(1) > 0


class LabelAgreement(Accumulator):
    """Label agreement over the pairs of a series."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def see_reading(self, pair: Pair, seen: BoolArray, *, real: bool) -> None:
        """Adds what the segmenter reads from an image of a pair.

        Args:
            pair: The pair; of one whose S_t is not known the real image is passed over.
            seen: Where the segmenter sees a building, bool [H, W].
            real: Whether in I_t, which is a real image, rather than in I~_t+1.
        """
        if real:
            self._see_real(pair, seen)
            return
        self._part("created", pair.created, seen)
        self._part("removed", pair.removed, ~seen)
        self._part("background", pair.ground, ~seen)
        after = pair.building_after
        if pair.kept is None or after is None:
            return
        self._part("kept", pair.kept, seen)
        self._overlap("", after, seen & pair.valid)

    def compute(self) -> Result:
        """Computes the agreement.

        Returns:
            The five shares, 0..1, None where there was nothing to share; ``real`` and ``copy``, three of them each;
            ``created_scaled``, ``removed_scaled`` and ``iou_scaled``, None where the segmenter reads no more from real
            images than from unchanged ones; and ``pixels``, those of created, removed, kept and background. In the
            LEVIR layout, which does not store S_t, unchanged buildings are not known: there background is None, as are
            kept, iou, real, copy and what is scaled.
        """
        names = ("created", "removed", "kept", "background")
        if not any(self._counts[f"all {name}"] for name in names):
            return absent("no pair has a valid pixel")
        known = self._counts["all kept"] or self._counts["union"]
        result: Result = {name: self._share(name) for name in names}
        result["background"] = self._share("background") if known else None
        result["iou"] = share(self._counts["both"], self._counts["union"])
        result["real"] = {
            "building": self._share("real building"),
            "background": self._share("real background"),
            "iou": share(self._counts["real both"], self._counts["real union"]),
        }
        result["copy"] = {
            "created": self._share("copy created"),
            "removed": self._share("copy removed"),
            "iou": share(self._counts["copy both"], self._counts["copy union"]),
        }
        for name, ceiling in SCALED.items():
            result[f"{name}_scaled"] = scaled(result[name], result["copy"][name], result["real"][ceiling])
        result["pixels"] = {name: self._counts[f"all {name}"] for name in names}
        return result

    def _see_real(self, pair: Pair, seen: BoolArray) -> None:
        before, after = pair.building_before, pair.building_after
        if before is None or after is None:
            return
        self._part("real building", before & pair.valid, seen)
        self._part("real background", ~before & pair.valid, ~seen)
        self._overlap("real ", before & pair.valid, seen & pair.valid)
        self._part("copy created", pair.created, seen)
        self._part("copy removed", pair.removed, ~seen)
        self._overlap("copy ", after & pair.valid, seen & pair.valid)

    def _part(self, name: str, region: BoolArray, right: BoolArray) -> None:
        self._counts[f"all {name}"] += int(np.count_nonzero(region))
        self._counts[name] += int(np.count_nonzero(region & right))

    def _overlap(self, prefix: str, building: BoolArray, seen: BoolArray) -> None:
        self._counts[f"{prefix}both"] += int(np.count_nonzero(building & seen))
        self._counts[f"{prefix}union"] += int(np.count_nonzero(building | seen))

    def _share(self, name: str) -> float | None:
        return share(self._counts[name], self._counts[f"all {name}"])


_PARTS = (("created", "building"), ("removed", "background"), ("kept", "building"), ("background", "background"))
"""Parts of the pixels, and what of the real images is their ceiling."""


def _lines(metric: Metric, result: Result) -> list[Line]:
    real, pixels = result["real"], result["pixels"]
    what = {"building": "seen as building", "background": "seen as background"}
    lines = []
    for name, top in _PARTS:
        region = "unchanged ground " if name == "background" else ""
        detail = f"{region}{what[top]}; real {percent(real[top])}{_scale(result, name)}; {pixels[name]} px"
        lines.append(Line(f"agreement, {name}", percent(result[name]), "higher", detail))
    overlap = f"of S_t+1; real {percent(real['iou'])}{_scale(result, 'iou')}"
    return [*lines, Line("agreement, IoU", percent(result["iou"]), "higher", overlap)]


def _scale(result: Result, name: str) -> str:
    """Says a share on the scale between unchanged and real images, if it has one."""
    if name not in SCALED:
        return ""
    copy = percent(result["copy"][name])
    return f", unchanged {copy}: {number(result[f'{name}_scaled'], 2)} on the scale from 0, unchanged, to 1, real"


def _charts(result: Result) -> list[Chart]:
    bars = tuple(Bar(name, result[name], result["real"][top]) for name, top in (*_PARTS, ("iou", "iou")))
    return [Chart("Label agreement (grey: on real images)", bars)]


def _column(key: str, ceiling: str, title: str = "", role: Role | None = None) -> Column:
    return Column(
        f"agreement_{key}", key, title or key, "share", "higher", 2, role, said=role is not None, ceiling=ceiling
    )


AGREEMENT = Metric(
    name="label_agreement",
    title="label agreement",
    columns=(
        _column("created", "building", role=Role.AGREEMENT),
        _column("removed", "background", role=Role.AGREEMENT),
        _column("kept", "building", role=Role.AGREEMENT),
        _column("background", "background", title="ground"),
        _column("iou", "iou", title="IoU"),
        *(
            Column(f"scaled_{name}", f"{name}_scaled", f"{title}, scaled", "0: unchanged, 1: real", "higher", 2)
            for name, title in (("created", "created"), ("removed", "removed"), ("iou", "IoU"))
        ),
    ),
    make=lambda setting: LabelAgreement(),
    rank=20,
    needs="segmenter",
    summary=(
        "what a segmenter (`--segmenter`) reads from the synthesised images, over created, removed and kept pixels "
        "apart, with what it reads from real ones as the ceiling, and on a scale from unchanged (0) to real images (1)."
    ),
    lines=_lines,
    charts=_charts,
)
