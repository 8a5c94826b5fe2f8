"""A kind of plugin whose plugins are dataclasses: found by name, their parameters read from text, made, listed."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

from changen_cli import plugins
from changen_cli.errors import ChangenError, PluginError, UsageError
from changen_cli.parameters.fields import (
    ParameterInfo,
    describe_parameters,
    json_value,
    parameters_of,
    read_value,
)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One installed plugin.

    Attributes:
        name: As on the command line.
        summary: First line of its docstring; empty if it has none, or cannot be loaded.
        provider: The distribution that it comes from with its version, "changen 0.1.0"; "unknown" if none says so.
        parameters: Its parameters; empty if it cannot be loaded.
        error: Why it cannot be loaded, in one line; empty if it can.
    """

    name: str
    summary: str
    provider: str
    parameters: tuple[ParameterInfo, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plugin.

    Attributes:
        name: In messages: "event".
        group: Entry point group.
        protocol: What a plugin must be, a runtime-checkable protocol.
        methods: What a plugin's class must have.
        example: A parameter with its value, for messages: "create.turn=45".
        home: File that documents the protocol.
    """

    name: str
    group: str
    protocol: Any
    methods: tuple[str, ...]
    example: str
    home: str

    def require_installed(self, names: Iterable[str]) -> None:
        """Checks that plugins are there, without importing them.

        Raises:
            PluginError: If one is not; the message lists those that are.
        """
        installed = plugins.find(self.group)
        for name in names:
            if name not in installed:
                plugins.load(self.group, name)  # raises, with the list of those that are installed

    def read_list(self, text: str, number: str) -> dict[str, float | None]:
        """Reads a list of plugins, each with a number or without.

        Args:
            text: For example "create=2,remove".
            number: What the number is, in messages: "weight".

        Returns:
            Numbers by name, in the order of the text; None where there is none.

        Raises:
            UsageError: If the list is empty, names a plugin twice, or has something else for a number.
        """
        numbers: dict[str, float | None] = {}
        for item in text.split(","):
            name, given, number_text = (part.strip() for part in item.partition("="))
            if not name:
                known = ",".join([*plugins.find(self.group)][:2])
                raise UsageError(f"{self.name}s {text!r}: a name is missing; write for example {known}")
            if name in numbers:
                raise UsageError(
                    f"{self.name}s {text!r}: {name!r} is listed twice; list it once and give it a {number}, {name}=2"
                )
            try:
                numbers[name] = float(number_text) if given else None
            except ValueError as error:
                raise UsageError(
                    f"{self.name}s {text!r}: the {number} of {name}, {number_text!r}, is not a number"
                ) from error
        return numbers

    def load(self, name: str) -> Any:
        """Loads a plugin's class, which must be a dataclass; Any, since nothing else is known of it.

        Raises:
            PluginError: If it is not installed, cannot be loaded, or is no dataclass.
        """
        plugin = plugins.load(self.group, name)
        if not (isinstance(plugin, type) and dataclasses.is_dataclass(plugin)):
            raise PluginError(
                f"{self.name} plugin {name!r} ({plugin!r}) is not a dataclass; its author must make it one"
            )
        return plugin

    def require(self, name: str, plugin: object) -> None:
        """Checks that an object is a plugin of this kind.

        Raises:
            PluginError: If it is not.
        """
        if not isinstance(plugin, self.protocol):
            lacking = " or ".join(["no name", *(f"no {method}()" for method in self.methods)])
            of = f"{type(plugin).__module__}:{type(plugin).__qualname__}"
            raise PluginError(f"{self.name} plugin {name!r} ({of}) has {lacking}; see {self.home}")

    def read_parameters(self, parameters: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Reads parameters.

        Args:
            parameters: For example ["create.turn=45", "scale.factor=1.2:1.8", "create.align=no"].

        Returns:
            Values by parameter by plugin, converted by the type of the plugin's field. Whether they are within their
            range is for the plugin to say when it is made.

        Raises:
            UsageError: If one is not written like that, is given twice, is not a parameter of its plugin (the message
                lists those that are), or does not fit its type.
            PluginError: If a plugin is not installed or cannot be loaded.
        """
        values: dict[str, dict[str, Any]] = {}
        for item in parameters:
            target, given, text = item.partition("=")
            owner, dot, name = (part.strip() for part in target.partition("."))
            if not (given and dot and owner and name):
                raise UsageError(
                    f"{self.name} parameter {item!r}: must be {self.name.upper()}.PARAMETER=VALUE, "
                    f"for example {self.example}"
                )
            plugin = self.load(owner)
            self._require_known(owner, plugin, [name])
            of_plugin = values.setdefault(owner, {})
            if name in of_plugin:
                raise UsageError(f"{self.name} parameter {owner}.{name} is given twice; give it once")
            try:
                of_plugin[name] = read_value(plugin, name, text)
            except UsageError as error:
                raise UsageError(f"{self.name} parameter {owner}.{error}") from error
        return values

    def make(self, name: str, values: Mapping[str, Any]) -> Any:
        """Makes a plugin with its parameters.

        Args:
            name: Of the plugin.
            values: Values by parameter; one may be text, and a list stands for a tuple.

        Raises:
            UsageError: If it has no such parameter, or a value cannot be used.
            PluginError: If the plugin is not installed, cannot be loaded or made, or is not of this kind.
        """
        plugin = self.load(name)
        self._require_known(name, plugin, values)
        try:
            given = {k: read_value(plugin, k, v) if isinstance(v, str) else v for k, v in values.items()}
            made = plugin(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})
        except ChangenError as error:
            raise type(error)(f"{self.name} {name}: {error}") from error
        except Exception as error:  # a third party's __post_init__ may raise anything
            raise PluginError(f"{self.name} {name!r} cannot be made with {dict(values)}: {error!r}") from error
        self.require(name, made)
        return made

    def installed(self) -> list[PluginInfo]:
        """Lists the installed plugins by name.

        A plugin that cannot be loaded, or is not of this kind, is listed with its error; it does not break the list.
        """
        return [self._info(name, point) for name, point in plugins.find(self.group).items()]

    def _info(self, name: str, point: EntryPoint) -> PluginInfo:
        provider = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
        try:
            plugin = plugins.load(self.group, name)
            is_one = isinstance(plugin, type) and dataclasses.is_dataclass(plugin)
            if not (is_one and all(hasattr(plugin, method) for method in self.methods)):
                methods = " and ".join(f"{method}()" for method in self.methods)
                raise PluginError(f"{point.value} is not a dataclass with {methods}")
            return PluginInfo(name, _summary(plugin), provider, describe_parameters(plugin))
        except PluginError as error:
            return PluginInfo(name, "", provider, error=" ".join(str(error).split()))
        except Exception as error:  # a third party's annotations may fail to resolve in any way
            return PluginInfo(name, "", provider, error=f"its parameters cannot be read: {error!r}")

    def _require_known(self, name: str, plugin: type, parameters: Iterable[str]) -> None:
        known = parameters_of(plugin)
        for parameter in parameters:
            if parameter not in known:
                raise UsageError(
                    f"{self.name} {name!r} has no parameter {parameter!r}; it has: {', '.join(known) or 'none'}"
                )


def describe_made(name: str, plugin: object) -> dict[str, Any]:
    """Returns everything that decides what a plugin that was made does: JSON values for a manifest.

    Args:
        name: Of its entry point.
        plugin: As :meth:`Kind.make` made it.
    """
    return {
        "name": name,
        "plugin": f"{type(plugin).__module__}:{type(plugin).__qualname__}",
        "parameters": _parameter_values(plugin),
    }


def _parameter_values(plugin: object) -> dict[str, Any]:
    if not dataclasses.is_dataclass(plugin) or isinstance(plugin, type):
        return {}
    # what is none because nobody asked for it decides nothing, and what plugins do without it is what they always did
    return {
        name: json_value(value)
        for name, parameter in parameters_of(type(plugin)).items()
        if (value := getattr(plugin, name)) is not None or parameter.default is not None
    }


def _summary(plugin: type) -> str:
    text = inspect.cleandoc(plugin.__doc__ or "")
    if text.startswith(f"{plugin.__name__}("):  # what dataclass() writes where the author wrote nothing
        return ""
    return text.split("\n", 1)[0]
