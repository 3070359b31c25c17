"""The evidence of a run at its edges: gathered while the run's store is there, written beside the outputs, signed by
whoever brings them home, and copied where guardrails ask for that. The files themselves are tfinfra/evidence."""
