"""What is wrong with a run's evidence: bytes in, findings out. Who reads folders and keys is lifecycle/auditing.

`run_files.py` is what was read, `read_evidence.py` makes one value of it, and each file of checks has a tuple CHECKS,
which `audit.py` goes through. A check takes the evidence and yields findings; it says nothing of what it cannot see,
for whoever could not read that has said so. `rules/` has a row for each rule: what it is called, how much it counts,
which tamperings it finds, and what `explain` prints.
"""
