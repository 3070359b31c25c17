"""Two documents of ARM's held against each other."""
