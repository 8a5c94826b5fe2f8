"""The Zarr v3 store: the output folder is itself the group.

======== ================================ ====== ==============================================================
array    dimensions                       dtype  values
======== ================================ ====== ==============================================================
image    sample, time, band, y, x         uint8  I_0 ... I_n; bands red, green, blue; 0 where not valid
mask     sample, time, y, x               uint8  S_0 ... S_n, class, 0 background
instance sample, time, y, x               int32  uid of the object, 0 background
change   sample, step, y, x               uint8  1 where S_t and S_t+1 differ, else 0
valid    sample, y, x                     bool   False where the source has no data
status   sample                           uint8  0 not written, 1 done, 2 skipped, 3 failed
======== ================================ ====== ==============================================================

One inner chunk is one frame, so a series, a pair or a single image is read without the rest; one Zarr shard is one
shard of work with all its time steps. ``status`` and what else is known of a sample (``id``, ``scene``, ``split``,
``source``, ``crs`` as WKT, all strings; ``variant``; ``transform``, six terms of the affine transform, NaN without)
are written when the run is complete. The same, as a table with outlines, is in ``samples.parquet``.
"""
