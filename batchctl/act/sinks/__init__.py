"""Sinks: every row joined with its answer, in input order, as one file that is there whole or not at all."""
