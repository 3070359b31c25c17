"""Other tools' files as manifests: a file per tool, and one list of them (tools.py). Nothing of a file is run."""
