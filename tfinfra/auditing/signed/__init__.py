"""TFA1…: who signed the evidence, and whether the files are those that were signed."""
