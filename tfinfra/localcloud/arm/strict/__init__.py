"""What ARM refuses beyond the shape of a body, and how it lags: one file a subject, every refusal with its source in
refusals.py."""
