"""``changen train``: bitemporal adversarial learning (Algorithm 1)."""
