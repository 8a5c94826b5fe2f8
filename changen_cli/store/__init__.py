"""What is kept: series written shard by shard, resumable, georeferenced.

``formats`` has the writers, ``journal`` commits shards and ends a run, ``series`` reads an output back.
"""
