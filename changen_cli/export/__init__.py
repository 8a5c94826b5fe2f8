"""An output in the layouts of other data sets and tools: ``changen export``.

:mod:`~changen_cli.export.source` gives what there is of an output, pair by pair or series by series;
:mod:`~changen_cli.export.target` is the folder or file that is made of it, whole or not at all; each file of
:mod:`~changen_cli.export.layouts` is one layout, a plugin of the group ``changen.layouts``. A *layout* here is how a
data set lies in its folders; S_t, the layout of a place, is in :mod:`changen_cli.scenes.layout`.
"""
