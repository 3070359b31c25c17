"""A tune while its client drives it: trials asked of the pool, looked at, written down, brought home. Read search.py
first."""
