"""TFA3…: whether what a run was made from is one thing in all records: its lock, source, data and bill of materials."""
