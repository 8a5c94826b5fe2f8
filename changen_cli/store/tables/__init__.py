"""The GeoParquet tables of an output: changes and samples."""
