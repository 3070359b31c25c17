"""What there is to know of each word that tfinfra has: keys, exit codes, variables. `tfinfra explain` prints it, and
docs/reference/ is made of it. The words of verbs are the command line's own (cli/explaining/)."""
