"""The record of a model: everything that is particular to it, in one place, where its network is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from torch import Tensor, nn

from changen_cli.options import options

Network = TypeVar("Network", bound=nn.Module, covariant=True)

Published: TypeAlias = Callable[[Mapping[str, Tensor]], tuple[dict[str, object], dict[str, Tensor]]]
"""From the tensors of somebody else's file to the arguments of our network and its tensors, by their names in it."""

TRAINING = "changen_cli.training.config.options:TrainConfig"
"""Arguments of a run on single-date scenes: ``changen train``."""


@options()
class NoArguments:
    """The training arguments of a model that has none of its own."""


@dataclass(frozen=True, slots=True)
class Model(Generic[Network]):
    """One model; what an entry point of the group ``changen.models`` names.

    Attributes:
        name: Name in weights cards, in recipes and of ``changen train --model``; also the entry point's.
        summary: One line for ``--help``.
        network: Class of the network that is packed; takes its configuration alone.
        config: Configuration of the network, a class made by :func:`~changen_cli.options.options` whose fields are the
            arguments in a weights card.
        learner: What trains it, as "package.module:Class", or what tells this of a configuration of the network;
            imported by training alone.
        options: Arguments of a run that trains it, as "package.module:Class"; imported by training alone.
        discriminator: Configuration of the discriminator, such a class too; None where there is none.
        arguments: Arguments of training that this model alone has, such a class too.
        shows: Which kinds of change its training shows from I_t to I_t+1: "create", "remove", both or none.
        weights: Name of the weights that ship with changen for it; empty where there are none.
        recipe: Name of the shipped recipe, or path of the recipe, that ``changen train --model`` (of a detector,
            ``changen pretrain``) takes by itself.
        finetune: The same of ``changen finetune``, of a detector.
        published: What ``changen weights import`` reads the files of the model's authors with; None: nothing does.
    """

    name: str
    summary: str
    network: type[Network]
    config: type[Any]
    learner: str | Callable[[Any], str]
    options: str = TRAINING
    discriminator: type[Any] | None = None
    arguments: type[Any] = NoArguments
    shows: frozenset[str] = field(default_factory=frozenset)
    weights: str = ""
    recipe: str = ""
    finetune: str = ""
    published: Published | None = None

    def learner_of(self, network: object) -> str:
        """Names what trains a network of a configuration, as "package.module:Class"."""
        return self.learner if isinstance(self.learner, str) else self.learner(network)
