"""docs/reference/, made of what tfinfra itself knows: its keys, codes, verbs, exit codes, variables, Python names and
JSON documents. A test holds the committed pages against these."""
