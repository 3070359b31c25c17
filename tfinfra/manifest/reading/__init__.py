"""YAML text → Document: every value with its text and position; every fault of YAML with its place."""
