"""A Batch API server for one machine: OpenAI's Files and Batches calls over SQLite and a folder of files."""
