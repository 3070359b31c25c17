"""What a subscription must have ready for a run. find.py looks for it; group_deleter.py has the one thing that tfinfra
makes itself, the role that deletes groups; questions.py asks ARM."""
