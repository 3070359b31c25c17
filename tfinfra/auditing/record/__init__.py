"""TFA2…: whether the records of a run, each of which somebody else wrote, tell one story."""
