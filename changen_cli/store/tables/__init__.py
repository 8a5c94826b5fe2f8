"""The Parquet tables of an output: changes, samples and looks."""
