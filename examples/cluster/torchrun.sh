#!/bin/sh
# One process for each GPU of this machine, by torchrun; each takes the GPU of its local rank, and its share of the shards.
# On several machines: the same line on each, with --nnodes, --node-rank and --rdzv-endpoint as for any torchrun job.
#
# torchrun stops all processes when one exits with another code than 0, and 1 means that some tiles failed. Nothing is
# lost by it: the same line goes on where they stopped.
set -eu
torchrun --nproc-per-node gpu -m changen_cli generate --input tiles/ --events create,remove --steps 3 --output series --shard auto
changen finalize series
