"""What an environment's files are, and whether they still are that: a digest of all of them, and pure functions that
hold what was read against what a build, each package's RECORD or a lock says."""
