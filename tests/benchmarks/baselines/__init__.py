"""What batchctl is measured against: each a program of its own, which imports nothing of batchctl."""
