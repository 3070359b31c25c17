"""Solving and installing with uv: its command line, its refusals, its own pins, the indexes that it asks."""
