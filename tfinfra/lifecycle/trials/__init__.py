"""A tune by what this machine has of it, whoever drives it."""
