"""The key `tune`: its rules (`schema.py`), and the typed value that it is read into (`keys.py`)."""
