"""TFA4…: what each node recorded of itself: against the lock, the plan, what the client sent, and the other nodes."""
