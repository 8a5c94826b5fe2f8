"""What is kept: series written shard by shard, resumable, georeferenced."""
