"""Bringing a run's files home from outside of it: what there is, and nodes that still collect."""
