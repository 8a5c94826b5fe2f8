"""The data sets of the paper's experiments: what each holds when it is whole, and where it is to be had."""
