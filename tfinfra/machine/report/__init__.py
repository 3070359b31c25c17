"""`tfinfra report-bundle`: one file to attach to a report, made of an allow list of fields, with every name replaced.

lifecycle/record/last_failure.py keeps the facts of the last failure, `allowed.py` says which fields go in,
`anonymous.py` replaces what names people and places, `bundle.py` puts it together.
"""
