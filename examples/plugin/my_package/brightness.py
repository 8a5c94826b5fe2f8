# my_package/brightness.py
from changen_cli.metrics.base import Accumulator, Column, Metric, Result, WeightedMean
from changen_cli.metrics.pairs import Pair


class Brightness(Accumulator):
    """How much brighter I_t+1 is than I_t."""

    def __init__(self) -> None:
        self._mean = WeightedMean()

    def see_pair(self, pair: Pair) -> None:
        self._mean.add(float(pair.after.mean()) - float(pair.before.mean()), 1)

    def compute(self) -> Result:
        return {"gain": self._mean.mean}


BRIGHTNESS = Metric(
    name="brightness",
    title="brightness",
    columns=(Column("brightness_gain", "gain", "gain", "grey levels of 255", digits=1),),
    make=lambda setting: Brightness(),
)
