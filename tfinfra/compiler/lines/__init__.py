"""Which line of the manifest is meant: by a resource, by a finding on the plan, by a guardrail; and their order."""
