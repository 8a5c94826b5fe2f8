"""``changen preview``: an output as a page, as a sheet of pictures, or as the dates of a series one after another."""
