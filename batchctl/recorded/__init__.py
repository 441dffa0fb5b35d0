"""What batchctl remembers: the lockfile, the store of paid results, and the run lock that keeps applies apart."""
