"""Images as they are taken: each date of a group of samples under conditions of its own."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from changen_cli import rng
from changen_cli.conditions.apply import apply_records, draw_conditions
from changen_cli.conditions.base import Record
from changen_cli.conditions.choose import Conditions
from changen_cli.models.units import from_unit, to_unit
from changen_cli.synthesis.transfer import Transfer, Waiting


class Exposure:
    """Puts the dates of some samples under their conditions, one date after the other, and sends them to the host.

    Conditions are how an image was taken, not how the place is, so what is synthesised next starts from the image that
    went in, not from what comes out here.

    Attributes:
        frames: The images of each date so far, under way.
        records: What was done at each date, sample by sample; none without conditions.
    """

    def __init__(
        self, conditions: Conditions, transfer: Transfer, keys: Sequence[rng.Key], valid: Tensor | None
    ) -> None:
        """Starts with no date.

        Args:
            conditions: Which; may be none.
            transfer: How arrays get to the host.
            keys: What the conditions of each sample are drawn by, its date added.
            valid: bool [B, 1, H, W]; None where all pixels are.
        """
        self.conditions = conditions
        self.transfer = transfer
        self.keys = keys
        self.valid = valid
        self.frames: list[Waiting] = []
        self.records: list[list[Record]] = []

    def take(self, image: Tensor, date: int) -> None:
        """Takes the image of a date.

        Args:
            image: I_t, uint8 [B, 3, H, W]; not changed.
            date: t.
        """
        if self.conditions:
            records = [draw_conditions(self.conditions, (*key, date), image.shape[1]) for key in self.keys]
            image = from_unit(apply_records(to_unit(image), self.conditions, records, self.valid))
            self.records.append(records)
        self.frames.append(self.transfer.download(image))

    def of(self, sample: int) -> tuple[Record, ...]:
        """Returns what was done at each date of a sample; nothing without conditions."""
        return tuple(date[sample] for date in self.records)
