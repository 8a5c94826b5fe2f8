"""The change generator."""

from changen_cli.models.changen.generator import ChangenGenerator, GeneratorConfig

__all__ = ["ChangenGenerator", "GeneratorConfig"]
