"""What is looked at of a live run, a file a subject; each has a tuple CHECKS."""
