"""``changen preview``: an output looked at, as a page, a sheet of pictures, or the dates of a series one after another."""
