"""Single dates of scenes, two of them in place of a pair: for pre-training by segmentation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.pairs.batch import PairSample


@dataclass(frozen=True, slots=True)
class SingleDates:
    """Draws two crops, of two places, where others draw a pair: a detector reads each date by itself.

    There is no change to be learnt between them: the label of change is 0 everywhere, and the task has no loss of it.

    Attributes:
        crops: Draws the crops, flipped and turned; what it simulates on them is not looked at.
    """

    crops: CropSampler

    def __getitem__(self, number: int) -> PairSample:
        """Draws sample ``number`` of the stream: crops 2 n and 2 n + 1.

        Where one of the two has no image, neither counts, since a pair has one validity.

        Raises:
            TrainingError: If a streamed scene cannot be read or used.
        """
        two = [self.crops.draw(2 * number + date)[0] for date in range(2)]
        valid = two[0].valid & two[1].valid
        layouts = np.stack([(crop.before > 0).astype(np.uint8) * valid for crop in two])
        return PairSample(
            images=np.stack([crop.image * valid for crop in two]),
            change=np.zeros_like(layouts[0]),
            valid=valid,
            layouts=layouts,
        )
