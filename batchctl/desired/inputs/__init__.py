"""Row sources: files and inline rows as one stream of rows, read in blocks that workers share out."""
