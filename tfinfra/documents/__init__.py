"""The JSON documents that tfinfra prints and writes for programs: their names, versions and schemas.

`heading.py` says which document a text is; `schemas/` has a file per document, which `published.py` makes a schema of.
"""
