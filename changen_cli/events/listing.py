"""What is installed: every event plugin with its parameters, for ``changen events list``."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from changen_cli import plugins
from changen_cli.errors import PluginError
from changen_cli.events.parameters import ParameterInfo, describe_parameters


@dataclass(frozen=True, slots=True)
class EventInfo:
    """One installed event plugin.

    Attributes:
        name: As in ``--events``.
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


def list_events() -> list[EventInfo]:
    """Lists the installed event plugins by name.

    A plugin that cannot be loaded, or is no event, is listed with its error; it does not break the list.
    """
    return [_info(name, point) for name, point in plugins.find(plugins.EVENTS).items()]


def _info(name: str, point: EntryPoint) -> EventInfo:
    provider = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
    try:
        plugin = plugins.load(plugins.EVENTS, name)
        if not (isinstance(plugin, type) and dataclasses.is_dataclass(plugin) and hasattr(plugin, "propose")):
            raise PluginError(f"{point.value} is not a dataclass with a method propose()")
        return EventInfo(name, _summary(plugin), provider, describe_parameters(plugin))
    except PluginError as error:
        return EventInfo(name, "", provider, error=" ".join(str(error).split()))
    except Exception as error:  # a third party's annotations may fail to resolve in any way
        return EventInfo(name, "", provider, error=f"its parameters cannot be read: {error!r}")


def _summary(plugin: type) -> str:
    text = inspect.cleandoc(plugin.__doc__ or "")
    if text.startswith(f"{plugin.__name__}("):  # what dataclass() writes where the author wrote nothing
        return ""
    return text.split("\n", 1)[0]
