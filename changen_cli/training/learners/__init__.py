"""One learner a model: its networks, its losses, one iteration of training."""
