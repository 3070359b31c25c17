"""Components of a training run's infrastructure: copied into the deploy folder beside the program that wires them.

They know Pulumi, Azure and the plan.json beside the program, and nothing of the tfinfra that compiled it: an old
deploy folder can be changed or taken down without it.
"""
