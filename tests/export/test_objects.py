from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco
from rasterio.features import rasterize

from changen_cli.export.objects import outlines, run_lengths
from changen_cli.types import BoolArray, Int32Array


@given(arrays(np.int32, (7, 9), elements={"min_value": 0, "max_value": 3}))
def test_outlines_give_the_pixels_back(instance: Int32Array) -> None:
    found = outlines(instance)
    assert list(found) == [uid for uid in np.unique(instance).tolist() if uid]
    shapes = [(shape, uid) for uid, shape in found.items()]
    drawn = rasterize(shapes, instance.shape, dtype=np.int32) if shapes else np.zeros_like(instance)
    assert np.array_equal(drawn, instance)


@given(arrays(np.bool_, (5, 6)))
def test_run_lengths_are_those_of_coco(present: BoolArray) -> None:
    lengths = run_lengths(present)
    assert sum(lengths) == present.size
    packed = coco.frPyObjects({"size": [5, 6], "counts": lengths}, 5, 6)
    assert np.array_equal(coco.decode(packed), present)
