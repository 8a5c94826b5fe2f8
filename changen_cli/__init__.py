"""changen: simulate how a place changes, and write labelled image series that train change detectors.

The package follows equation (1) of "Scalable Multi-Temporal Remote Sensing Change Data Generation via Simulating
Stochastic Change Process" (ICCV 2023): :mod:`~changen_cli.scenes` gives P(I_t, S_t), :mod:`~changen_cli.events`
P(S_t+1 | S_t), :mod:`~changen_cli.synthesis` P(I_t+1 | S_t+1, I_t), and :mod:`~changen_cli.store` keeps the series.
"""

__version__ = "0.1.0"
