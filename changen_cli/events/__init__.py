"""P(S_t+1 | S_t): change events on vector layouts, and the histories they make."""
