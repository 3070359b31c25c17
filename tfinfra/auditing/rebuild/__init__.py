"""What of a run can be made anew from its evidence, and how that differs from what the evidence has. Pure: what is made
anew comes from lifecycle/auditing/rebuild."""
