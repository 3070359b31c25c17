"""What a requirement of pip says, the markers and hashes in it, and the packages that are refused."""
