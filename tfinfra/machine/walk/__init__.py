"""`tfinfra doctor --target`: the way of a run up to its first write, walked by reading alone."""
