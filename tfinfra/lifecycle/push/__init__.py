"""What `tfinfra push` does for a run whose stacks somebody else makes."""
