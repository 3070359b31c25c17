"""What `explain` says of a word: codes, and entries of keys, exit codes, variables and verbs."""
