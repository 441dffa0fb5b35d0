"""The vocabulary that every other part shares: plain data and pure functions, no I/O."""
