"""Series on disk: written shard by shard, resumable, georeferenced.

``formats`` writes and reads pixels, ``tables`` the tables of samples and changes; ``journal`` commits shards and ends a
run, ``series`` reads an output back.
"""
