"""Text → Manifest: the reader with positions, the shape of every key, its JSON Schema and the error codes."""
