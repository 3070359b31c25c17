"""An audit's effects: the folder that is looked at, the keys and roots that the auditor trusts."""
