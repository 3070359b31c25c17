"""The one place of the version: pyproject.toml reads it here, for a node has the package without its metadata."""

__version__ = "0.1.0"
