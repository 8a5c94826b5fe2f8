"""What a table would take: GPU hours, disk and downloads."""

PAIR_BYTES = 1
CHECKPOINT = 1
