"""Measures tfinfra against the bare tools. `python -m bench <name>`; see README.md."""
