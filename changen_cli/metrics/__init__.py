"""How good a synthesised series is: one declaration a metric, entry points of the group ``changen.metrics``."""
