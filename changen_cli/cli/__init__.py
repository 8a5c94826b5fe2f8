"""One verb, one file: parse, call one plain function, report."""
