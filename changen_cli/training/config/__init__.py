"""Arguments of a training run, from recipes and the command line."""
