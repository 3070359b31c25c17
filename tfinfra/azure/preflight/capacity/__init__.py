"""Whether the subscription and the region have room for the machines of a plan."""
