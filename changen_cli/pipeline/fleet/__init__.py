"""Several workers of one machine or of a Ray cluster that fill one output together, each with a model of its own.

They are the workers of ``--shard``: each makes every N-th shard of an output that all have agreed on, so no two ever
need to speak to each other, one that dies is started again and goes on, and the bytes are those of an undivided run.
"""
