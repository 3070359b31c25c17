"""Names of Python modules: of Python itself, of packages, and those that must not be hidden."""
