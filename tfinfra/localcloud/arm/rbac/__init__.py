"""Rights that are not stored resources: the directory, the built-in roles, conditions on assignments."""
