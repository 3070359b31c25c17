"""What no manifest can exceed: the platform team's guardrails files as values."""
