"""Talking to providers: one HTTP module, one retry table, and one class that speaks Files and Batches."""
