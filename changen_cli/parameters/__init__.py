"""Parameters of plugins that are dataclasses, events and conditions: described, read from text, recorded."""
