"""What a report tells of jobs: gathered from manifest, lockfile and store, without a network or a clock."""
