"""The command line: one file per verb, each parsing flags, calling one function and printing."""
