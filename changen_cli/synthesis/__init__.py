"""P(I_t+1 | S_t+1, I_t): images for new states, batched."""
