"""Who may do what, as far as it is no stored resource: the directory, the built-in roles, conditions on assignments."""
