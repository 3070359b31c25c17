"""A run's page: what it shows is put together out of record, document, plan, event log and evidence (`assemble.py`),
and what lies beside the outputs (`home_files.py`); `write.py` writes it there at a run's end."""
