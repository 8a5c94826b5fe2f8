"""The folder of a run: everything that training writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path

import yaml

from changen_cli.errors import TrainingError
from changen_cli.files import write_whole
from changen_cli.options import info
from changen_cli.reports.contact_sheet import Row
from changen_cli.training.config.run import RunOptions
from changen_cli.training.learners.base import AnyLearner
from changen_cli.training.run.checkpoint import LAST, Checkpoint, read_checkpoint, save_checkpoint
from changen_cli.training.run.curves import draw_curves
from changen_cli.training.run.log import LOSSES, TIMES, MetricLog
from changen_cli.training.run.sheets import Sheets
from changen_cli.training.run.validations import Validations


class RunFolder:
    """What a run writes.

    ``config.yaml``, ``losses.csv``, ``tensorboard/``, ``sheets/``, ``curves.png`` and ``last.ckpt``, and, where scenes
    are held out, ``validation.csv`` and ``best.ckpt``.

    One process of a run has one; the others write nothing.
    """

    def __init__(
        self,
        path: Path,
        config: RunOptions,
        done: int,
        columns: tuple[str, ...],
        draw: Callable[[], list[Row]],
        say: Callable[[str], None],
    ) -> None:
        """Opens the folder, and makes it if need be.

        Args:
            path: The folder.
            config: The recipe.
            done: Iterations done; what is logged of later ones, by a run that was killed, is dropped.
            columns: Scalars of the learner.
            draw: Draws a sheet (:meth:`~changen_cli.training.learners.base.Learner.sheet`).
            say: Called with lines for the user.

        Raises:
            TrainingError: If it cannot be written.
        """
        self.path, self.config, self._say = path, config, say
        self._done, self._drawing = done, True
        self._validations: Validations | None = None
        self._sheets = Sheets(path / "sheets", draw)
        write_whole(path / "config.yaml", yaml.safe_dump(config.to_dict(), sort_keys=False), TrainingError)
        self._log = MetricLog(path / LOSSES, (*TIMES, *columns), done, path / "tensorboard")
        spent = self._log.rows[-1].values["seconds"] if self._log.rows else 0.0
        self._begun = time.monotonic() - spent

    def log(self, iteration: int, rate: float, losses: Mapping[str, float]) -> None:
        """Appends a row to the log.

        Args:
            iteration: Iterations done.
            rate: Images a second.
            losses: A value for each column of the learner.

        Raises:
            TrainingError: If it cannot be written.
        """
        values = {"seconds": time.monotonic() - self._begun, "images_per_second": rate, **losses}
        self._log.write(iteration, values)

    def hold_out(self, held_out: object, learner: AnyLearner) -> None:
        """Gets ready to validate on held-out data, and says by what.

        Args:
            held_out: As the learner takes them; None where nothing is held out, which is said.
            learner: The model.

        Raises:
            TrainingError: If the log of validations cannot be gone on with.
            WeightsError: If a network that metrics are computed with cannot be loaded.
        """
        if held_out is None:
            self._say("validation: none, since nothing is held out; name some with --val, or val: in a recipe's data")
            return
        self._validations = Validations(self.path, self.config, learner.validator(held_out), self._done)
        for remark in self._validations.remarks:
            self._say(f"validation: {remark}")

    def validate(self, iteration: int, learner: AnyLearner) -> None:
        """Validates, if scenes are held out, and says what was found.

        Raises:
            TrainingError: If a prediction is not finite, or the checkpoint or the log cannot be written.
        """
        if self._validations is not None:
            self._say(self._validations.run(iteration, learner))

    def show(self, iteration: int) -> None:
        """Writes a sample sheet, and draws the curves anew.

        Raises:
            StoreError: If a picture cannot be written.
        """
        self._sheets.write(iteration)
        if self._drawing:
            try:
                draw_curves(self.path)
            except TrainingError as error:  # the run is worth more than its picture
                self._say(str(error))
                self._drawing = False

    def save(self, iteration: int, learner: AnyLearner) -> None:
        """Writes the checkpoint that a run goes on from.

        Raises:
            TrainingError: If it cannot be written.
        """
        save_checkpoint(self.path / LAST, iteration, learner, self.config)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._log.close()
        if self._validations is not None:
            self._validations.close()


def free_arguments(config: RunOptions) -> tuple[str, ...]:
    """Lists the arguments that a run may change when it goes on: they do not change what is learnt."""
    return tuple(field.name for field in fields(config) if not info(field).recorded)


def find_state(config: RunOptions, path: Path) -> Checkpoint | None:
    """Reads the checkpoint that a run goes on from.

    Args:
        config: The recipe.
        path: Folder of the run.

    Returns:
        As :func:`~changen_cli.training.run.checkpoint.read_checkpoint`, or None for a run that starts.

    Raises:
        TrainingError: If the folder holds a run with other arguments, or a damaged checkpoint.
    """
    if not (path / LAST).exists():
        return None
    state = read_checkpoint(path / LAST)
    free = {name: getattr(config, name) for name in free_arguments(config)}
    old = replace(state["config"], **free) if type(state["config"]) is type(config) else state["config"]
    if old != config:
        before, now = old.to_dict(), config.to_dict()
        name = next(key for key in ("model", *now) if now[key] != before[key])
        raise TrainingError(
            f"{path}: holds a run with {name} = {before[name]}, not {now[name]}; give another --output, or delete it"
        )
    return state
