"""What `tfinfra init` writes: a starter project (`starter.py`), a file of targets, what editors and git need beside
them, or a manifest for a script that is there (`proposal.py`). Only `write.py` touches the disk; what is found of a
script is read as the compiler reads it, and never run."""
