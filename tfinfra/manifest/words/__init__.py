"""Words: near spellings, what other tools call a key, what is refused by name, a key as a Python argument."""
