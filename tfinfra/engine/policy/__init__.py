"""Policy packs: Pulumi's own rules on resources, written in Python, run by its engine on a preview."""
