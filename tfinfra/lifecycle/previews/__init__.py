"""A compiled manifest's stacks previewed by the real engine, before anything is touched and without credentials."""
