"""``changen report``: a training run as one page, finished or still going on."""
