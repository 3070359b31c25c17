"""The modules that a script reaches, where Python looks for them, and which name hides which."""
